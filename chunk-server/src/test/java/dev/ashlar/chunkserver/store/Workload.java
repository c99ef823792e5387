package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Random operations on a {@link StoreCore}, and what must be there afterwards. A seal or deletion
 * that was synced is promised; one that was not may have happened or not.
 */
final class Workload {
  private static final int SLICE = BlockLayout.SLICE_BYTES;
  private static final int CHUNKS = 6;

  /** What a writer is busy with. */
  private static final class Writing {
    final byte[] whole;
    final long base;
    final int keep;
    final long epoch;
    int done;

    Writing(byte[] whole, long base, int keep, long epoch) {
      this.whole = whole;
      this.base = base;
      this.keep = keep;
      this.epoch = epoch;
      this.done = keep;
    }
  }

  final Map<BlockKey, byte[]> promised = new TreeMap<>();
  final Map<BlockKey, byte[]> mayBe = new HashMap<>();
  final Set<BlockKey> mayBeGone = new HashSet<>();
  private final Map<BlockKey, Writing> writing = new TreeMap<>();

  /** Deleted for good; some come back, as a rebuild brings a block back to a disk. */
  private final List<BlockKey> gone = new ArrayList<>();

  private final Map<Long, Long> versions = new HashMap<>();
  private final Random random;
  private long epochs;
  int refused;

  Workload(long seed) {
    random = new Random(seed);
  }

  /** Does one random thing. */
  void step(StoreCore core, Compactor compactor) throws IOException {
    try {
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3, 4 -> begin(core);
        case 5, 6, 7, 8, 9, 10 -> go(core);
        case 11, 12, 13 -> delete(core);
        case 14 -> core.mark();
        case 15 -> core.reclaim();
        case 16 -> compactor.step();
        default -> sync(core);
      }
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NO_SPACE) {
        throw e;
      }
      refused++;
    }
  }

  void sync(StoreCore core) throws IOException {
    core.sync();
    promised.putAll(mayBe);
    promised.keySet().removeAll(mayBeGone);
    gone.addAll(mayBeGone);
    mayBe.clear();
    mayBeGone.clear();
  }

  private void begin(StoreCore core) throws IOException {
    if (!gone.isEmpty() && random.nextInt(5) == 0) {
      again(core, gone.remove(random.nextInt(gone.size())));
      return;
    }
    long chunk = random.nextInt(CHUNKS);
    long version = versions.merge(chunk, 1L, Long::sum);
    BlockKey base = random.nextBoolean() ? latest(chunk) : null;
    int length = random.nextInt(4) == 0 ? 1 + random.nextInt(300) : 1 + random.nextInt(4 * SLICE);
    byte[] whole = Bytes.random(random.nextLong(), length);
    int keep = 0;
    if (base != null) {
      byte[] from = content(base);
      keep = random.nextInt(from.length / SLICE + 1) * SLICE;
      if (keep > length) {
        whole = Arrays.copyOf(whole, keep);
      }
      System.arraycopy(from, 0, whole, 0, keep);
    }
    BlockKey key = new BlockKey(chunk, version, 3);
    Writing w = new Writing(whole, keep == 0 || base == null ? 0 : base.version(), keep, ++epochs);
    if (keep < whole.length) {
      writing.put(key, w);
      append(core, key, w);
    } else {
      seal(core, key, w);
    }
  }

  private void again(StoreCore core, BlockKey key) throws IOException {
    byte[] whole = Bytes.random(random.nextLong(), 1 + random.nextInt(2 * SLICE));
    Writing w = new Writing(whole, 0, 0, ++epochs);
    writing.put(key, w);
    append(core, key, w);
  }

  private byte[] content(BlockKey key) {
    byte[] known = promised.get(key);
    return known == null ? mayBe.getOrDefault(key, new byte[0]) : known;
  }

  private @Nullable BlockKey latest(long chunk) {
    @Nullable BlockKey found = null;
    for (Map<BlockKey, byte[]> map : List.of(promised, mayBe)) {
      for (BlockKey key : map.keySet()) {
        if (key.chunk() == chunk
            && !mayBeGone.contains(key)
            && (found == null || key.version() > found.version() || random.nextInt(4) == 0)) {
          found = key;
        }
      }
    }
    return found;
  }

  private void go(StoreCore core) throws IOException {
    if (writing.isEmpty()) {
      begin(core);
      return;
    }
    BlockKey key = List.copyOf(writing.keySet()).get(random.nextInt(writing.size()));
    Writing w = writing.get(key);
    if (w != null) {
      if (w.done < w.whole.length) {
        append(core, key, w);
      } else {
        seal(core, key, w);
      }
    }
  }

  private void append(StoreCore core, BlockKey key, Writing w) throws IOException {
    int bytes = Math.min(w.whole.length - w.done, (1 + random.nextInt(3)) * SLICE);
    byte[] part = Arrays.copyOfRange(w.whole, w.done, w.done + bytes);
    try {
      core.write(Bytes.write(key, w.epoch, w.base, w.keep, w.done, part), Bytes.direct(part));
      w.done += bytes;
    } catch (AshlarException e) {
      giveUp(key, e);
    }
  }

  private void seal(StoreCore core, BlockKey key, Writing w) throws IOException {
    try {
      mayBe.put(key, w.whole);
      core.seal(key, Bytes.GROUP + key.chunk() % 2, w.epoch, w.base, w.keep, w.whole.length);
      writing.remove(key);
    } catch (AshlarException e) {
      mayBe.remove(key);
      giveUp(key, e);
    }
  }

  /**
   * An older writer of a chunk is fenced off by a newer one, a base may be deleted: both end a
   * writing. A full disk does too.
   */
  private void giveUp(BlockKey key, AshlarException e) throws AshlarException {
    if (e.code() != ErrorCode.STALE_EPOCH
        && e.code() != ErrorCode.VERSION_GONE
        && e.code() != ErrorCode.NO_SPACE
        && e.code() != ErrorCode.CONFLICT) {
      throw e;
    }
    writing.remove(key);
    refused++;
  }

  private void delete(StoreCore core) throws IOException {
    List<BlockKey> keys = new ArrayList<>(promised.keySet());
    keys.addAll(mayBe.keySet());
    keys.addAll(writing.keySet());
    if (keys.isEmpty()) {
      return;
    }
    List<BlockKey> some = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(3); i++) {
      some.add(keys.get(random.nextInt(keys.size())));
    }
    some.removeAll(mayBeGone);
    some.forEach(writing::remove);
    mayBeGone.addAll(some);
    try {
      core.delete(some);
    } catch (AshlarException e) {
      // Refused as a whole: so few fit into one append.
      mayBeGone.removeAll(some);
      throw e;
    }
  }

  /** After a restart nothing is being written; what was not promised is now decided. */
  void restarted(StoreState state) throws IOException {
    writing.clear();
    for (BlockKey key : mayBeGone) {
      if (state.index.row(state.index.committed(), key) == null) {
        promised.remove(key);
        mayBe.remove(key);
      }
    }
    for (Map.Entry<BlockKey, byte[]> e : mayBe.entrySet()) {
      if (state.index.row(state.index.committed(), e.getKey()) != null) {
        promised.put(e.getKey(), e.getValue());
      }
    }
    mayBe.clear();
    mayBeGone.clear();
  }
}
