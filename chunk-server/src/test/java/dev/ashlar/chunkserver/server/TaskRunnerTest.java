package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TaskRunnerTest {
  private static final BlockToken TOKEN = new BlockToken(1, 1, 1, 0, 1, 0, 1, new byte[32]);

  private final LinkedBlockingQueue<Boolean> news = new LinkedBlockingQueue<>();
  private final Outbox outbox = new Outbox(() -> news.add(true));
  private final Semaphore gate = new Semaphore(0);
  private final AtomicInteger rebuilds = new AtomicInteger();
  private final TaskRunner tasks =
      new TaskRunner("test", 2, new GatedWork(), outbox, RealWorld.INSTANCE);

  private final class GatedWork implements TaskRunner.Work {
    @Override
    public long rebuild(Task.Rebuild task) throws AshlarException {
      rebuilds.incrementAndGet();
      gate.acquireUninterruptibly();
      if (task.storedLength() == 12) {
        throw new OutOfMemoryError("Cannot reserve direct buffer memory");
      }
      if (task.storedLength() == 13) {
        throw new AshlarException(ErrorCode.UNAVAILABLE, "no luck");
      }
      return 5;
    }

    @Override
    public long delete(Task.Delete task) {
      throw new IllegalStateException("a bug");
    }

    @Override
    public long verify(Task.Verify task) {
      return 7;
    }
  }

  @AfterEach
  void stop() {
    gate.release(1_000);
    assertTrue(tasks.stop());
  }

  private static Task.Rebuild rebuild(long id, long chunk, long length) {
    return new Task.Rebuild(
        id, new BlockKey(chunk, 1, 0), 1, 1, "mirror-2", length, List.of(), new int[0], TOKEN);
  }

  private List<TaskResult> results(int count) throws InterruptedException {
    for (int i = 0; i < count; i++) {
      assertEquals(true, news.poll(30, TimeUnit.SECONDS));
    }
    List<TaskResult> results = outbox.next().results();
    assertEquals(count, results.size());
    return results;
  }

  @Test
  void runs_a_task_once_however_often_it_is_ordered() throws Exception {
    int free = tasks.freeSlots();
    tasks.accept(rebuild(1, 1, 1));
    tasks.accept(rebuild(1, 1, 1));
    assertEquals(free - 1, tasks.freeSlots());
    gate.release(2);
    assertEquals(List.of(new TaskResult(1, "", 5)), results(1));
    tasks.accept(rebuild(1, 1, 1));
    assertEquals(1, rebuilds.get());
    assertEquals(free, tasks.freeSlots());
  }

  @Test
  void lists_what_it_has_until_the_result_was_told() throws Exception {
    assertArrayEquals(new long[0], tasks.open());
    tasks.accept(rebuild(3, 1, 1));
    tasks.accept(rebuild(2, 1, 1));
    tasks.accept(rebuild(4, 2, 1));
    assertArrayEquals(new long[] {2, 3, 4}, tasks.open());
    gate.release(2);
    results(3);
    assertArrayEquals(new long[] {2, 3, 4}, tasks.open());
    outbox.told(outbox.next());
    assertTrue(tasks.stop());
    assertArrayEquals(new long[0], tasks.open());
  }

  @Test
  void two_orders_for_one_block_share_one_rebuild_and_both_are_answered() throws Exception {
    tasks.accept(rebuild(1, 1, 1));
    tasks.accept(rebuild(2, 1, 1));
    gate.release(2);
    assertEquals(List.of(1L, 2L), results(2).stream().map(TaskResult::task).sorted().toList());
    assertEquals(1, rebuilds.get());
  }

  @Test
  void failures_and_bugs_are_outcomes() throws Exception {
    gate.release(5);
    tasks.accept(rebuild(1, 1, 13));
    assertEquals("UNAVAILABLE: no luck", results(1).getFirst().outcome());
    outbox.told(outbox.next());
    tasks.accept(new Task.Delete(2, 1, List.of()));
    assertTrue(results(1).getFirst().outcome().startsWith("INTERNAL"));
    outbox.told(outbox.next());
    tasks.accept(new Task.Verify(3, 1, List.of()));
    assertEquals(new TaskResult(3, "", 7), results(1).getFirst());
  }

  @Test
  void an_error_is_an_outcome_and_frees_its_slot_and_block() throws Exception {
    int free = tasks.freeSlots();
    gate.release(2);
    tasks.accept(rebuild(1, 1, 12));
    assertTrue(results(1).getFirst().outcome().startsWith("INTERNAL: java.lang.OutOfMemoryError"));
    outbox.told(outbox.next());
    assertEquals(free, tasks.freeSlots());
    tasks.accept(rebuild(2, 1, 1));
    assertEquals(List.of(new TaskResult(2, "", 5)), results(1));
  }

  @Test
  void more_than_fits_is_refused_and_said_to_be() throws Exception {
    int free = tasks.freeSlots();
    for (int i = 1; i <= free + 200; i++) {
      tasks.accept(rebuild(i, i, 1));
    }
    assertEquals(0, tasks.freeSlots());
    assertTrue(outbox.next().results().stream().allMatch(r -> r.outcome().contains("too many")));
    assertTrue(outbox.next().results().size() > 100);
  }
}
