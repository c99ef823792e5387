package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.ChunkReply.Blocks;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at committed and staged blocks, from any thread. An IOException that is no AshlarException
 * means that the index cannot be read.
 */
final class StoreReader {
  private static final Logger LOG = LoggerFactory.getLogger(StoreReader.class);

  /** Most entries of one listing, whatever is asked. */
  private static final int MAX_LIST = 10_000;

  private final StoreState state;

  /** Kept for their buffers. */
  private final ArrayBlockingQueue<BlockVerifier> verifiers = new ArrayBlockingQueue<>(2);

  StoreReader(StoreState state) {
    this.state = state;
  }

  /**
   * What a reader needs until it is done: bytes that stay in place, files that stay open. Letting
   * go twice is harmless.
   */
  private static final class Hold implements Runnable {
    private final Runnable lease;
    private final List<SegmentFile> files = new ArrayList<>();

    private Hold(Runnable lease) {
      this.lease = lease;
    }

    private synchronized FileChannel channel(SegmentFile file) throws IOException {
      FileChannel channel = file.channel();
      files.add(file);
      return channel;
    }

    @Override
    public synchronized void run() {
      files.forEach(SegmentFile::release);
      files.clear();
      lease.run();
    }
  }

  BlockBytes locate(BlockKey key, long offset, int length) throws IOException {
    if (offset < 0 || length < 0) {
      throw BlockChecks.invalid(
          "A read of " + length + " bytes at " + offset + " of " + key + " makes no sense");
    }
    Hold hold = new Hold(state.leases.acquire());
    try {
      BlockRow row = row(key);
      if (row == null) {
        throw gone(key);
      }
      int slice = BlockLayout.SLICE_BYTES;
      int from = (int) (Math.min(offset, row.length()) / slice * slice);
      int to = (int) Math.min(row.length(), (offset + length + slice - 1) / slice * slice);
      if (offset >= row.length() || length == 0) {
        to = from;
      }
      int[] crcs = Arrays.copyOfRange(row.crcs(), from / slice, BlockLayout.slices(to));
      List<FileExtent> places = new ArrayList<>();
      for (Extent e : Ranges.slice(row.extents(), from, to - from)) {
        places.add(place(key, e, hold));
      }
      return new BlockBytes(
          from, to - from, row.length(), from == to ? new int[0] : crcs, places, hold);
    } catch (IOException | RuntimeException e) {
      hold.run();
      throw e;
    }
  }

  private FileExtent place(BlockKey key, Extent e, Hold hold) throws AshlarException {
    BlockLog.Segment segment = state.log.segment(Address.segment(e.address()));
    try {
      FileChannel channel = segment == null ? null : hold.channel(segment.file());
      if (channel != null && Address.position(e.end()) <= channel.size()) {
        return new FileExtent(channel, Address.position(e.address()), e.length());
      }
    } catch (AshlarException ex) {
      throw ex; // no descriptor: the block may be as good as any
    } catch (ClosedChannelException ex) {
      throw new AshlarException(
          ErrorCode.RETRY, "The read of " + key + " was interrupted: try again", ex);
    } catch (IOException ex) {
      LOG.warn("Disk {}: {} cannot be read", state.log.disk(), key, ex);
    }
    state.bad(key, "its bytes at " + Address.text(e.address()) + " are missing");
    throw new AshlarException(
        ErrorCode.CORRUPT,
        "Bytes of "
            + key
            + " at "
            + Address.text(e.address())
            + " are missing from disk "
            + state.log.disk());
  }

  BlockInfo stat(BlockKey key) throws IOException {
    Staged s = staged(key);
    if (s != null) {
      return new BlockInfo(s.length(), 0, s.crcs(), false, s.epoch);
    }
    BlockRow row = row(key);
    if (row == null) {
      throw gone(key);
    }
    return new BlockInfo(row.length(), row.root(), row.crcs(), true, row.epoch());
  }

  Blocks list(@Nullable BlockKey after, int limit) throws IOException {
    int most = Math.clamp(limit, 1, MAX_LIST);
    NavigableMap<BlockKey, BlockEntry> found = new TreeMap<>();
    staged(after, found, most + 1);
    int[] rows = {0};
    state.index.rows(
        state.index.committed(),
        after,
        row -> {
          if (!row.key().equals(after)) {
            found.put(row.key(), row.entry());
            rows[0]++;
          }
          return rows[0] <= most;
        });
    List<BlockEntry> entries = new ArrayList<>(found.values());
    boolean more = entries.size() > most;
    return new Blocks(more ? List.copyOf(entries.subList(0, most)) : entries, more);
  }

  /** Sealed blocks as their totals have them, and those that were begun and may never be sealed. */
  List<GroupDigest> digests() {
    Map<Long, GroupDigest> all = new HashMap<>();
    state.totals.all().forEach(d -> all.put(d.group(), d));
    for (Staged s : state.staged.values()) {
      all.merge(
          s.group,
          new GroupDigest(s.group, 1, Checksums.digest(s.key, 0)),
          (a, b) -> new GroupDigest(a.group(), a.blocks() + b.blocks(), a.digest() + b.digest()));
    }
    return List.copyOf(all.values());
  }

  List<BlockEntry> blocksOf(long group) throws IOException {
    NavigableMap<BlockKey, BlockEntry> found = new TreeMap<>();
    staged(null, found, Integer.MAX_VALUE);
    found.values().removeIf(e -> e.group() != group);
    for (BlockKey key : state.index.ofGroup(state.index.committed(), group)) {
      BlockRow row = row(key);
      if (row != null) {
        found.put(key, row.entry());
      }
    }
    return List.copyOf(found.values());
  }

  List<BadBlock> verify(List<BlockKey> keys) throws IOException {
    BlockVerifier spare = verifiers.poll();
    BlockVerifier verifier = spare == null ? new BlockVerifier(state.log) : spare;
    List<BadBlock> bad = new ArrayList<>();
    for (BlockKey key : keys) {
      Leases<StoreState.Retired>.Lease lease = state.leases.acquire();
      try {
        BlockRow row = row(key);
        String fault = row == null ? null : verifier.fault(row);
        if (fault != null) {
          bad.add(new BadBlock(key, state.log.disk(), fault));
        }
      } finally {
        lease.run();
      }
    }
    verifiers.offer(verifier);
    return bad;
  }

  private @Nullable BlockRow row(BlockKey key) throws IOException {
    return state.index.row(state.index.committed(), key);
  }

  private @Nullable Staged staged(BlockKey key) {
    Staged s = state.staged.get(key);
    return s == null ? state.sealing.get(key) : s;
  }

  private void staged(@Nullable BlockKey after, NavigableMap<BlockKey, BlockEntry> into, int most) {
    for (NavigableMap<BlockKey, Staged> map : List.of(state.staged, state.sealing)) {
      NavigableMap<BlockKey, Staged> rest = after == null ? map : map.tailMap(after, false);
      int n = 0;
      for (Staged s : rest.values()) {
        if (n++ == most) {
          break;
        }
        into.put(s.key, s.entry());
      }
    }
  }

  private AshlarException gone(BlockKey key) {
    return new AshlarException(ErrorCode.VERSION_GONE, key + " is not on disk " + state.log.disk());
  }
}
