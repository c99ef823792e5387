package dev.ashlar.chunkserver.rebuild;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for futures whose makers promise an end, with a last limit in case they break it. */
final class Wait {
  /** Far beyond every limit of peers and disks. */
  private static final long LIMIT_SECONDS = 120;

  private final World world;

  Wait(World world) {
    this.world = world;
  }

  <T> T on(CompletableFuture<T> future) throws AshlarException {
    try {
      return world.await(future, TimeUnit.SECONDS.toNanos(LIMIT_SECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AshlarException a) {
        throw a;
      }
      throw new AshlarException(ErrorCode.INTERNAL, "Unexpected failure: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new AshlarException(ErrorCode.TIMEOUT, "No answer within " + LIMIT_SECONDS + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.UNAVAILABLE, "The chunk server is stopping", e);
    }
  }

  void sleep(long ms) throws AshlarException {
    try {
      world.sleep(TimeUnit.MILLISECONDS.toNanos(ms));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.UNAVAILABLE, "The chunk server is stopping", e);
    }
  }
}
