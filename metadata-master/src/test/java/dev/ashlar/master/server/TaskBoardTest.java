package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;

/** Every task ends exactly once. */
final class TaskBoardTest {
  private static final BlockKey BLOCK = new BlockKey(1, 1, 0);
  private static final BlockToken TOKEN = new BlockToken(1, 1, 1, 0, 1, 0, 1, new byte[0]);

  private long now = 5;
  private long beat;
  private final TaskBoard board = new TaskBoard(1L << 36, 1000, () -> now);
  private final List<String> endings = new ArrayList<>();

  private static Task rebuild(long id) {
    return new Task.Rebuild(id, BLOCK, 1, 2, "mirror-2", 10, List.of(), new int[0], TOKEN);
  }

  private boolean offer(String server, long bytes, LongFunction<Task> task) {
    return board.offer(server, bytes, task, (failure, done) -> endings.add(failure));
  }

  private List<Task> take(String server, int freeSlots) {
    return board.take(server, freeSlots, ++beat);
  }

  @Test
  void rebuildsNeedSlotsAndChoresDoNot() {
    offer("s", 1, TaskBoardTest::rebuild);
    offer("s", 1, TaskBoardTest::rebuild);
    offer("s", 0, id -> new Task.Delete(id, 2, List.of(BLOCK)));
    assertEquals(1, take("s", 0).size());
    assertEquals(1, take("s", 1).size());
    assertEquals(1, board.waitingRebuilds());
    assertEquals(1, board.runningRebuilds());
    assertEquals(0, take("other", 9).size());
  }

  @Test
  void aResultEndsATaskOnce() {
    offer("s", 1, TaskBoardTest::rebuild);
    long id = take("s", 1).getFirst().id();
    board.result(new TaskResult(id, "", 7));
    board.result(new TaskResult(id, "", 7));
    board.result(new TaskResult(99, "of an earlier leader", 7));
    assertEquals(List.of(""), endings);
  }

  @Test
  void aRestartEndsWhatTheServerHadAndWhatWaited() {
    offer("s", 1, TaskBoardTest::rebuild);
    offer("s", 1, TaskBoardTest::rebuild);
    offer("other", 1, TaskBoardTest::rebuild);
    take("s", 1);
    board.restarted("s");
    assertEquals(2, endings.size());
    assertEquals(1, take("other", 1).size());
  }

  @Test
  void anOrderThatTheServerDoesNotHaveIsTakenBack() {
    offer("s", 1, TaskBoardTest::rebuild);
    offer("s", 1, TaskBoardTest::rebuild);
    offer("s", 0, id -> new Task.Delete(id, 2, List.of(BLOCK)));
    offer("s", 1, TaskBoardTest::rebuild);
    offer("other", 1, TaskBoardTest::rebuild);
    take("other", 1);
    long[] ids = take("s", 2).stream().mapToLong(Task::id).toArray();
    assertEquals(3, ids.length);
    board.listed("s", beat + 1, ids);
    assertEquals(List.of(), endings);
    board.listed("s", beat + 1, new long[] {ids[1]});
    assertEquals(
        List.of("the order was lost on its way", "the order was lost on its way"), endings);
    assertEquals(2, board.runningRebuilds(), "one of each server");
    assertEquals(1, board.waitingRebuilds());
    board.result(new TaskResult(ids[1], "", 7));
    board.listed("s", beat + 2, new long[0]);
    assertEquals(3, endings.size());
    assertEquals(1, take("s", 1).size());
  }

  @Test
  void heartbeatsFromBeforeAnOrderSayNothingAboutIt() {
    offer("s", 1, TaskBoardTest::rebuild);
    take("s", 1);
    board.listed("s", beat, new long[0]);
    board.listed("s", beat - 1, new long[0]);
    board.listed("s", 0, new long[0]);
    assertEquals(List.of(), endings);
    assertEquals(1, board.runningRebuilds());
  }

  @Test
  void whatTakesTooLongEnds() {
    offer("s", 1, TaskBoardTest::rebuild);
    take("s", 1);
    now += 179_000_000_000L;
    board.expire();
    assertEquals(0, endings.size());
    now += 1_000_000_000L;
    board.expire();
    assertEquals(List.of("no answer in time"), endings);
  }

  @Test
  void theRateHoldsOverTime() {
    for (int i = 0; i < 50; i++) {
      offer("s", 500, TaskBoardTest::rebuild);
    }
    int handed = 0;
    for (int second = 0; second < 10; second++) {
      handed += take("s", 100).size();
      now += 1_000_000_000L;
    }
    assertTrue(
        handed >= 18 && handed <= 23, "2 a second, and a bucket of one second, but " + handed);
  }

  @Test
  void queuesAreBounded() {
    int taken = 0;
    while (taken < 10_000 && offer("s", 1, TaskBoardTest::rebuild)) {
      taken++;
    }
    assertFalse(offer("s", 1, TaskBoardTest::rebuild));
    assertTrue(taken < 10_000);
  }
}
