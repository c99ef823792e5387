package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.LogCommand.CreateGroup;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Which disks make groups, and which groups get chunks. */
final class PlacementTest {
  private static final Policy RS = Policy.parse("rs-6-3");

  private final TestView view = new TestView();

  private static World cluster(String policy, int servers, int disksEach) {
    World w = new World(new MemoryStore(), policy);
    w.servers(servers, disksEach);
    return w;
  }

  private Placement placement(World w) {
    return new Placement(w.topology(), view);
  }

  private void makeGroups(World w) {
    List<CreateGroup> groups = placement(w).missingGroups(w.policy, true);
    while (!groups.isEmpty()) {
      groups.forEach(g -> World.done(w.apply(g)));
      groups = placement(w).missingGroups(w.policy, true);
    }
  }

  @Test
  void tenServersShareGroupsEvenly() {
    World w = cluster("rs-6-3", 10, 1);
    makeGroups(w);
    Map<Long, Integer> slots = new HashMap<>();
    Map<Long, Integer> firsts = new HashMap<>();
    for (GroupRow g : w.topology().groups().values()) {
      Arrays.stream(g.members()).forEach(d -> slots.merge(d, 1, Integer::sum));
      firsts.merge(g.members()[0], 1, Integer::sum);
      assertEquals(0, w.topology().crowded(g));
    }
    assertEquals(12, w.topology().groups().size());
    assertTrue(slots.values().stream().allMatch(n -> n >= 10 && n <= 11), slots::toString);
    assertTrue(firsts.size() >= 4, "the first block is not always on the same disk: " + firsts);
  }

  @Test
  void threeOfTenServersMayDie() throws AshlarException {
    World w = cluster("rs-6-3", 10, 1);
    makeGroups(w);
    for (long a = 100; a < 110; a++) {
      for (long b = a + 1; b < 110; b++) {
        for (long c = b + 1; c < 110; c++) {
          TestView three = new TestView().set(Health.SUSPECT, a, b, c);
          long[] chosen =
              new Placement(w.topology(), three).choose(RS, 1, new long[0], new Random(1));
          long usable =
              Arrays.stream(w.group(chosen[0]).members())
                  .filter(d -> three.disk(d).writable())
                  .count();
          assertTrue(usable >= RS.minimumBlocks());
        }
      }
    }
  }

  @Test
  void wholeGroupsArePreferred() throws AshlarException {
    World w = cluster("rs-6-3", 10, 1);
    makeGroups(w);
    view.set(Health.SUSPECT, 103);
    for (long g : placement(w).choose(RS, 50, new long[0], new Random(1))) {
      assertFalse(LongStream.of(w.group(g).members()).anyMatch(d -> d == 103));
    }
  }

  @Test
  void chunksSpreadOverGroupsAndAvoidThoseThatFailed() throws AshlarException {
    World w = cluster("rs-6-3", 12, 2);
    makeGroups(w);
    Map<Long, Integer> used = new HashMap<>();
    for (long g : placement(w).choose(RS, 270, new long[] {1, 2}, new Random(7))) {
      used.merge(g, 1, Integer::sum);
    }
    assertEquals(27 - 2, used.size());
    assertFalse(used.containsKey(1L));
    assertTrue(used.values().stream().allMatch(n -> n < 25), used::toString);
    long[] all = LongStream.rangeClosed(1, 27).toArray();
    assertEquals(
        1,
        placement(w).choose(RS, 1, all, new Random(7)).length,
        "failed groups are better than none");
  }

  @Test
  void oneDiskSaysHowManyAreNeeded() {
    World w = cluster("rs-6-3", 1, 1);
    assertTrue(placement(w).missingGroups(RS, true).isEmpty());
    AshlarException e =
        assertThrows(
            AshlarException.class, () -> placement(w).choose(RS, 1, new long[0], new Random(1)));
    assertEquals(ErrorCode.NO_SPACE, e.code());
    assertTrue(
        String.valueOf(e.getMessage()).contains("needs 9 disks, but 1 are registered"),
        e::toString);
  }

  @Test
  void fewServersWithManyDisksAreCrowdedButNeverTwiceOnOneDisk() throws AshlarException {
    World w = cluster("rs-6-3", 3, 4);
    assertThrows(
        AshlarException.class, () -> placement(w).choose(RS, 1, new long[0], new Random(1)));
    makeGroups(w);
    for (GroupRow g : w.topology().groups().values()) {
      assertEquals(9, Arrays.stream(g.members()).distinct().count());
      for (String server : List.of("s0", "s1", "s2")) {
        assertEquals(
            3,
            Arrays.stream(g.members()).filter(d -> w.topology().domain(d).equals(server)).count());
      }
      assertEquals(6, w.topology().crowded(g));
    }
    assertEquals(1, placement(w).choose(RS, 1, new long[0], new Random(1)).length);
  }

  @Test
  void groupsAreCrowdedOnlyInNeedWhileServersAreAway() {
    World w = cluster("rs-6-3", 10, 2);
    view.set(Health.SUSPECT, 100, 101, 102, 103);
    assertTrue(placement(w).missingGroups(RS, false).isEmpty());
    List<CreateGroup> urgent = placement(w).missingGroups(RS, true);
    assertFalse(urgent.isEmpty());
    assertTrue(Arrays.stream(urgent.get(0).disks()).allMatch(d -> d > 103));
  }

  @Test
  void newServersMakeNewGroups() {
    World w = cluster("rs-6-3", 9, 1);
    makeGroups(w);
    assertEquals(10, w.topology().groups().size());
    w.servers(18, 1);
    makeGroups(w);
    assertEquals(20, w.topology().groups().size());
    long fresh =
        w.topology().groups().values().stream()
            .flatMapToLong(g -> Arrays.stream(g.members()))
            .filter(d -> d >= 109)
            .count();
    assertTrue(fresh >= 85, "new groups use new disks: " + fresh);
  }

  @Test
  void domainsKeepRacksApart() {
    World w = new World(new MemoryStore(), "mirror-3");
    for (int s = 0; s < 9; s++) {
      w.apply(new LogCommand.RegisterServer("s" + s, "h:1", "rack" + s % 3));
      w.apply(new LogCommand.RegisterDisk(100 + s, "s" + s, "/", "", 1L << 40));
    }
    makeGroups(w);
    w.topology().groups().values().forEach(g -> assertEquals(0, w.topology().crowded(g)));
  }

  @Test
  void fullDisksTakeNothing() throws AshlarException {
    World w = cluster("rs-6-3", 10, 1);
    makeGroups(w);
    view.free(0, 104);
    for (long g : placement(w).choose(RS, 20, new long[0], new Random(1))) {
      assertFalse(LongStream.of(w.group(g).members()).anyMatch(d -> d == 104));
    }
    view.free(1 << 20, LongStream.range(100, 110).toArray());
    AshlarException e =
        assertThrows(
            AshlarException.class, () -> placement(w).choose(RS, 1, new long[0], new Random(1)));
    assertEquals(ErrorCode.NO_SPACE, e.code());
    view.set(Health.SUSPECT, LongStream.range(100, 105).toArray());
    e =
        assertThrows(
            AshlarException.class, () -> placement(w).choose(RS, 1, new long[0], new Random(1)));
    assertEquals(ErrorCode.UNAVAILABLE, e.code());
  }
}
