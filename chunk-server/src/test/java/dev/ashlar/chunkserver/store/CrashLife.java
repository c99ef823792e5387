package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One life of a whole store (queue, loop, core, compactor) on a recorded disk. */
final class CrashLife {
  /** Small, so that little work fills many segments. */
  static final DiskOptions OPTIONS =
      DiskOptions.DEFAULTS.withSegment(64 << 10).withReserve(0).withPunch(4096);

  final TurnWorld world = new TurnWorld();
  final List<CrashOp> history;
  final CrashHome home;
  final DiskStore store;

  private CrashLife(CrashHome home, List<CrashOp> history) throws IOException {
    this.home = home;
    this.history = history;
    store = DiskStore.open(home, OPTIONS, world);
  }

  static CrashLife begin(CrashDisk.Image image, CrashIo.Kind kind) throws IOException {
    List<CrashOp> history = new ArrayList<>();
    return new CrashLife(
        new CrashHome(new CrashIo(image.files(), kind, history), image.index()), history);
  }

  /** The process dies and is started again. */
  CrashLife again() throws IOException {
    CrashHome next = home.nextLife();
    world.kill();
    return new CrashLife(next, history);
  }

  /** The process dies. */
  void end() {
    var _ = home.nextLife();
    world.kill();
  }

  /** A clean end, and another start. */
  CrashLife afterClose() throws IOException {
    store.close();
    return new CrashLife(home.nextLife(), history);
  }

  /**
   * Asks for a block to be written from {@code keep} on and sealed, in parts, without waiting for
   * anything.
   */
  CompletableFuture<?> put(
      BlockKey key, long epoch, long base, int keep, byte[] whole, int partBytes) {
    if (keep == whole.length) {
      return store.seal(key, Bytes.GROUP, epoch, base, keep, keep);
    }
    CompletableFuture<?> last = CompletableFuture.completedFuture(null);
    for (int at = keep; at < whole.length; at += partBytes) {
      byte[] part = Arrays.copyOfRange(whole, at, Math.min(whole.length, at + partBytes));
      BlockWrite w = Bytes.write(key, epoch, base, keep, at, part);
      last =
          at + part.length < whole.length
              ? store.write(w, Bytes.direct(part))
              : store.writeAndSeal(w, Bytes.direct(part));
    }
    return last;
  }

  /** Why something failed, null if it did not; it must have been answered. */
  static @Nullable Throwable failure(CompletableFuture<?> answer) {
    if (!answer.isDone()) {
      throw new AssertionError("It was not answered");
    }
    AtomicReference<@Nullable Throwable> found = new AtomicReference<>();
    var _ = answer.whenComplete((_, e) -> found.set(e));
    return found.get();
  }
}
