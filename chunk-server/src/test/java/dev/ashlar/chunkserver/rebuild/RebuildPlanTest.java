package dev.ashlar.chunkserver.rebuild;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.MasterReply.Task;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RebuildPlanTest {
  private static final BlockToken TOKEN = new BlockToken(1, 1, 1, 0, 1, 0, 1, new byte[32]);

  private static Task.Rebuild task(String policy, int width, int index, long length) {
    List<BlockPlace> places = new ArrayList<>();
    for (int i = 0; i < width; i++) {
      places.add(i == index ? BlockPlace.NOWHERE : new BlockPlace("s" + i + ":1", 10 + i, false));
    }
    return new Task.Rebuild(
        1, new BlockKey(1, 1, index), 1, 10 + index, policy, length, places, new int[width], TOKEN);
  }

  @Test
  void counts_absent_cells_as_good_ones() throws AshlarException {
    RebuildPlan plan = RebuildPlan.of(task("rs-6-3", 9, 0, 70_000));
    assertEquals(65_536, plan.length());
    assertEquals(2, plan.needed());
    assertEquals(4, plan.candidates().size());
    assertFalse(plan.candidates().contains(0));
    assertFalse(plan.candidates().contains(3));
    assertEquals(16_384, plan.sourceBytes(6, 0, 16_384));
    assertEquals(70_000 - 65_536, plan.sourceBytes(1, 0, 65_536));
    assertEquals(0, plan.sourceBytes(1, 16_384, 16_384));
  }

  @Test
  void widens_what_it_reads_to_whole_slices() throws AshlarException {
    RebuildPlan plan = RebuildPlan.of(task("xor-2-1", 3, 1, 65_536 + 100));
    assertEquals(100, plan.length());
    assertEquals(16_384, plan.sourceBytes(0, 0, 100));
  }

  @Test
  void refuses_tasks_that_make_no_sense() {
    assertCode(ErrorCode.INVALID, task("nonsense", 9, 0, 1));
    assertCode(ErrorCode.INVALID, task("rs-6-3", 8, 0, 1));
    assertCode(ErrorCode.INVALID, task("rs-6-3", 9, 9, 1));
    assertCode(ErrorCode.INVALID, task("rs-6-3", 9, 0, -1));
    assertCode(ErrorCode.INVALID, task("rs-6-3", 9, 0, (48L << 20) + 1));
  }

  @Test
  void says_so_when_too_few_sources_are_known() {
    Task.Rebuild t = task("rs-6-3", 9, 0, 48 << 20);
    List<BlockPlace> places = new ArrayList<>(t.sources());
    for (int i = 1; i <= 3; i++) {
      places.set(i, BlockPlace.NOWHERE);
    }
    assertCode(
        ErrorCode.DATA_LOST,
        new Task.Rebuild(1, t.block(), 1, 10, "rs-6-3", 48 << 20, places, t.roots(), TOKEN));
  }

  private static void assertCode(ErrorCode code, Task.Rebuild task) {
    assertEquals(code, assertThrows(AshlarException.class, () -> RebuildPlan.of(task)).code());
  }
}
