package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class DiskLaneTest {
  private static final long LIMIT = 10 * DiskLane.AT_DISK_BYTES;

  private final DiskLane lane = new DiskLane(LIMIT);
  private final List<Integer> started = new ArrayList<>();
  private final List<CompletableFuture<Integer>> atDisk = new ArrayList<>();

  private CompletableFuture<Integer> submit(int number, long bytes) {
    return lane.submit(
        bytes,
        () -> {
          started.add(number);
          CompletableFuture<Integer> f = new CompletableFuture<>();
          atDisk.add(f);
          return f;
        });
  }

  @Test
  void what_does_not_fit_waits_in_order() {
    CompletableFuture<Integer> first = submit(1, DiskLane.AT_DISK_BYTES);
    submit(2, DiskLane.AT_DISK_BYTES / 2);
    submit(3, DiskLane.AT_DISK_BYTES / 2);
    submit(4, 1);
    assertEquals(List.of(1), started);
    atDisk.get(0).complete(7);
    assertEquals(7, first.join());
    assertEquals(List.of(1, 2, 3), started);
    atDisk.get(2).completeExceptionally(new IllegalStateException());
    assertEquals(List.of(1, 2, 3, 4), started);
  }

  @Test
  void too_much_is_refused_and_nothing_of_it_is_started() {
    submit(0, 1);
    for (long bytes = 0; bytes < LIMIT; bytes += DiskLane.AT_DISK_BYTES) {
      assertFalse(submit(1, DiskLane.AT_DISK_BYTES).isDone());
    }
    CompletableFuture<Integer> refused = submit(2, 1);
    ExecutionException e = assertThrows(ExecutionException.class, refused::get);
    assertEquals(ErrorCode.RETRY, assertInstanceOf(AshlarException.class, e.getCause()).code());
    for (int i = 0; i < atDisk.size(); i++) {
      atDisk.get(i).complete(1);
    }
    assertFalse(started.contains(2));
    assertEquals(11, started.size());
    assertFalse(submit(3, 1).isDone());
    assertTrue(started.contains(3));
  }

  @Test
  void operations_that_end_at_once_do_not_pile_up() {
    CompletableFuture<Integer> gate = new CompletableFuture<>();
    lane.submit(DiskLane.AT_DISK_BYTES, () -> gate);
    List<CompletableFuture<Integer>> all = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      int n = i;
      all.add(
          lane.submit(
              1,
              () ->
                  n % 2 == 0
                      ? CompletableFuture.completedFuture(n)
                      : CompletableFuture.failedFuture(new IllegalStateException())));
    }
    gate.complete(1);
    assertTrue(all.stream().allMatch(CompletableFuture::isDone));
    assertEquals(5_000, all.stream().filter(CompletableFuture::isCompletedExceptionally).count());
  }
}
