package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Does things with a store on a recorded disk and tells the model. What is asked between two {@link
 * #turn}s is one batch with one sync.
 */
final class CrashScript {
  static final int SLICE = BlockLayout.SLICE_BYTES;

  final CrashModel model = new CrashModel();
  final Random random;
  private final CrashIo.Kind kind;
  private CrashLife life;

  CrashScript(CrashIo.Kind kind, long seed) throws IOException {
    random = new Random(seed);
    this.kind = kind;
    life = CrashLife.begin(new CrashDisk.Image(new TreeMap<>(), null), kind);
  }

  CrashIo.Kind kind() {
    return kind;
  }

  List<CrashOp> history() {
    return life.history;
  }

  DiskStore store() {
    return life.store;
  }

  private int now() {
    return life.history.size();
  }

  void turn() {
    life.world.turn();
  }

  /** Long enough without work for everything to be tidied and marked. */
  void rest() {
    for (int i = 0; i < 4; i++) {
      turn();
    }
  }

  static BlockKey key(long chunk, long version) {
    return new BlockKey(chunk, version, 3);
  }

  /** A new block. */
  CompletableFuture<?> put(long chunk, long version, long epoch, int length) {
    return put(chunk, version, epoch, 0, 0, length);
  }

  /** A version that shares the first bytes of an earlier one. */
  CompletableFuture<?> put(long chunk, long version, long epoch, long base, int keep, int length) {
    byte[] whole = new byte[length];
    random.nextBytes(whole);
    CrashModel.@Nullable Content from = model.latest(key(chunk, base));
    if (keep > 0 && from != null) {
      System.arraycopy(from.bytes(), 0, whole, 0, keep);
    }
    BlockKey key = key(chunk, version);
    return promise(
        key,
        CrashModel.Content.of(whole, epoch),
        life.put(key, epoch, base, keep, whole, 2 * SLICE));
  }

  /** As the rebuilder writes: epoch 0, one range on its way at a time, sealed with the last one. */
  void rebuild(long chunk, long version, int length) {
    byte[] whole = new byte[length];
    random.nextBytes(whole);
    BlockKey key = key(chunk, version);
    for (int at = 0; at < length; at += SLICE) {
      byte[] part = Arrays.copyOfRange(whole, at, Math.min(length, at + SLICE));
      BlockWrite w = Bytes.write(key, 0, 0, 0, at, part);
      if (at + SLICE < length) {
        var _ = store().write(w, Bytes.direct(part));
      } else {
        promise(key, CrashModel.Content.of(whole, 0), store().writeAndSeal(w, Bytes.direct(part)));
      }
      turn();
    }
  }

  /** Bytes of a block that is never sealed. */
  void stage(long chunk, long version, long epoch, int length) {
    byte[] part = new byte[length];
    random.nextBytes(part);
    var _ =
        store().write(Bytes.write(key(chunk, version), epoch, 0, 0, 0, part), Bytes.direct(part));
  }

  void delete(BlockKey... keys) {
    CompletableFuture<?> answer = store().delete(List.of(keys));
    for (BlockKey key : keys) {
      promise(key, null, answer);
    }
  }

  private CompletableFuture<?> promise(
      BlockKey key, CrashModel.@Nullable Content content, CompletableFuture<?> answer) {
    int state = model.asked(now(), key, content);
    CrashLife mine = life;
    return answer.whenComplete((_, e) -> {
      if (e == null) {
        model.promised(mine.history.size(), key, state);
      }
    });
  }

  void kill() throws IOException {
    life = life.again();
  }

  void close() throws IOException {
    life = life.afterClose();
  }

  void end() {
    life.end();
  }
}
