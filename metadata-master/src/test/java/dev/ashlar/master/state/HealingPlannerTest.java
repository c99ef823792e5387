package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.HealingPlanner.Limits;
import dev.ashlar.master.state.HealingPlanner.Plan;
import dev.ashlar.master.state.HealingPlanner.RebuildTask;
import dev.ashlar.master.state.LogCommand.BlocksRebuilt;
import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the planner does about losses, with a worker that always succeeds. */
final class HealingPlannerTest {
  private static final long ROOT = Attr.ROOT;

  private final TestView view = new TestView();
  private final List<RebuildTask> tasks = new ArrayList<>();
  private HealingPlanner planner = new HealingPlanner(Limits.DEFAULT);
  private long nowNs;
  private boolean settled = true;

  private static World cluster(String policy, int servers) {
    World w = new World(new MemoryStore(), policy);
    w.servers(servers, 1);
    w.open(World.CLIENT);
    return w;
  }

  private Plan plan(World w, int maxTasks) {
    try (ReadTxn txn = w.store.read()) {
      if (settled) {
        planner.plan(txn, w.topology(), d -> TestView.UP, b -> false, 0, nowNs - 20_000_000_000L);
        settled = false;
      }
      nowNs += 4_000_000_000L;
      return planner.plan(txn, w.topology(), view, b -> false, maxTasks, nowNs);
    }
  }

  /** Plans, proposes and works until there is nothing to do; returns the last plan. */
  private Plan heal(World w) {
    for (int round = 0; round < 50; round++) {
      Plan p = plan(w, 1000);
      p.commands().forEach(w::apply);
      p.tasks().forEach(t -> work(w, t));
      tasks.addAll(p.tasks());
      w.read(txn -> {
        Invariants.check(txn);
        return 0;
      });
      if (p.commands().isEmpty() && p.tasks().isEmpty()) {
        return p;
      }
    }
    throw new AssertionError("healing does not end");
  }

  private static void work(World w, RebuildTask t) {
    assertTrue(Arrays.stream(t.sources()).filter(s -> s != 0).count() >= 1);
    w.apply(new BlocksRebuilt(List.of(new DiskBlock(t.group(), t.block(), t.disk()))));
  }

  @Test
  void aHealthyClusterCostsNothing() {
    World w = cluster("rs-3-2", 6);
    w.file(ROOT, "f", 3, w.group(w.firstDisks()));
    Plan p = plan(w, 10);
    assertTrue(p.commands().isEmpty() && p.tasks().isEmpty());
    assertEquals(3, p.totals().whole());
  }

  @Test
  void aLostDiskIsReplacedAndRebuilt() {
    World w = cluster("rs-3-2", 6);
    long f = w.file(ROOT, "f", 20, w.group(w.firstDisks()));
    view.set(Health.LOST, 101);
    Plan first = plan(w, 1000);
    assertEquals(List.of(new LogCommand.StartReplacement(1, 1, 1, 105, true)), first.commands());
    assertEquals(20, first.totals().degraded());
    assertEquals(20, first.totals().pendingBlocks());
    assertEquals(20L << 23, first.totals().pendingBytes());
    Plan last = heal(w);
    assertEquals(20, tasks.size());
    assertEquals(0, tasks.get(0).sources()[1]);
    assertEquals(new Integer[] {4}[0], tasks.get(0).left());
    assertEquals(105, w.group(1).members()[1]);
    assertEquals(0, w.group(1).replacements()[1]);
    assertEquals(20, last.totals().whole());
    assertEquals(0, last.totals().pendingBlocks());
    assertEquals(0, w.chunk(f, 7).missing());
  }

  @Test
  void silentServersAreWaitedForWhileThereIsTolerance() {
    World w = cluster("rs-3-2", 7);
    w.file(ROOT, "f", 5, w.group(w.firstDisks()));
    view.set(Health.SUSPECT, 100);
    Plan p = heal(w);
    assertTrue(tasks.isEmpty());
    assertEquals(5, p.totals().degraded());
    assertEquals(0, p.totals().critical());
    view.set(Health.SUSPECT, 101);
    p = plan(w, 100);
    assertEquals(5, p.totals().critical());
    assertEquals(
        2, p.commands().size(), "the next loss would be the last: both are replaced at once");
    p.commands().forEach(w::apply);
    heal(w);
    assertEquals(10, tasks.size());
    assertEquals(3, tasks.get(0).left());
    assertEquals(0, w.group(1).replacements()[0]);
  }

  @Test
  void whatAFullDiskLacksIsMovedToOneWithRoom() {
    World w = cluster("rs-3-2", 6);
    long f = w.file(ROOT, "f", 4, w.group(w.firstDisks()));
    BlockKey lacking = new BlockKey(w.chunk(f, 2).chunk(), w.chunk(f, 2).version(), 1);
    w.apply(new LogCommand.BlocksMissing(List.of(new DiskBlock(1, lacking, 101))));
    view.set(Health.FULL, 101, 105);
    Plan p = heal(w);
    assertTrue(tasks.isEmpty(), "No disk has room");
    assertEquals(1, p.totals().pendingBlocks());
    view.set(Health.UP, 105);
    p = heal(w);
    assertEquals(105, w.group(1).members()[1]);
    assertEquals(4, p.totals().whole());
    assertEquals(4, tasks.size());
    assertEquals(0, w.chunk(f, 2).missing());
  }

  /** Right after an election nobody was heard yet. */
  @Test
  void aNewLeaderTakesNoSilenceForALoss() {
    World w = cluster("rs-3-2", 7);
    w.file(ROOT, "f", 5, w.group(w.firstDisks()));
    settled = false;
    view.set(Health.SUSPECT, 100, 101);
    assertTrue(plan(w, 100).commands().isEmpty());
    assertTrue(plan(w, 100).commands().isEmpty());
    assertTrue(plan(w, 100).commands().isEmpty());
    assertEquals(2, plan(w, 100).commands().size());
  }

  @Test
  void withoutAFreeDomainBlocksCrowdAndMoveLater() {
    World w = new World(new MemoryStore(), "rs-3-2");
    w.servers(5, 2);
    w.open(World.CLIENT);
    w.file(ROOT, "f", 4, w.group(100, 102, 104, 106, 108));
    view.set(Health.LOST, 100, 101);
    heal(w);
    assertEquals(4, tasks.size());
    assertEquals(1, w.topology().crowded(w.group(1)));
    assertNotEquals(100, w.group(1).members()[0]);
    w.apply(new LogCommand.RegisterServer("s9", "h:1", ""));
    w.apply(new LogCommand.RegisterDisk(300, "s9", "/", "", 1L << 40));
    tasks.clear();
    heal(w);
    assertEquals(4, tasks.size());
    assertEquals(0, w.topology().crowded(w.group(1)));
    assertTrue(Arrays.stream(w.group(1).members()).anyMatch(d -> d == 300));
  }

  @Test
  void aReturningMemberCancelsItsReplacement() {
    World w = cluster("rs-3-2", 6);
    w.file(ROOT, "f", 4, w.group(w.firstDisks()));
    view.set(Health.DOWN, 102);
    plan(w, 0).commands().forEach(w::apply);
    Plan p = plan(w, 2);
    assertEquals(2, p.tasks().size());
    p.tasks().forEach(t -> work(w, t));
    view.set(Health.UP, 102);
    p = plan(w, 0);
    assertEquals(List.of(new LogCommand.CancelReplacement(1, 2, 2)), p.commands());
    p.commands().forEach(w::apply);
    assertEquals(102, w.group(1).members()[2]);
    assertEquals(0, w.group(1).replacements()[2]);
    tasks.clear();
    assertEquals(4, heal(w).totals().whole());
    assertTrue(tasks.isEmpty());
  }

  /**
   * What was written while the member was away lies only on the replacement: it is copied back
   * before the replacement is let go.
   */
  @Test
  void aReturningMemberGetsWhatItMissedFirst() {
    World w = cluster("rs-3-2", 6);
    w.file(ROOT, "f", 4, w.group(w.firstDisks()));
    view.set(Health.DOWN, 102);
    plan(w, 0).commands().forEach(w::apply);
    long g = w.file(ROOT, "g", 2, 1);
    assertEquals(0b00100, w.chunk(g, 0).missing());
    assertEquals(0b00100, w.chunk(g, 0).onReplacement());
    view.set(Health.UP, 102);
    Plan p = plan(w, 0);
    assertInstanceOf(LogCommand.CancelReplacement.class, p.commands().get(0));
    p.commands().forEach(w::apply);
    assertEquals(105, w.group(1).replacements()[2], "still needed");
    assertEquals(102, w.group(1).target(2), "but new blocks go to the member");
    p = plan(w, 100);
    assertEquals(2, p.tasks().size());
    assertEquals(102, p.tasks().get(0).disk());
    assertEquals(105, p.tasks().get(0).sources()[2]);
    view.set(Health.DOWN, 102);
    assertEquals(
        List.of(new LogCommand.StartReplacement(1, 3, 2, 105, false)),
        plan(w, 0).commands(),
        "gone again: resumed");
    view.set(Health.UP, 102);
    heal(w);
    assertEquals(0, w.group(1).replacements()[2]);
    assertEquals(102, w.group(1).members()[2]);
    assertEquals(0, w.chunk(g, 0).missing());
  }

  /**
   * What it comes back with was not looked at: nothing that is proven is given up for it, and
   * reading from it saves the others.
   */
  @Test
  void aMemberThatFailedCancelsNothingWhenItReturns() {
    World w = cluster("rs-3-2", 6);
    w.file(ROOT, "f", 4, w.group(w.firstDisks()));
    view.set(Health.LOST, 102);
    plan(w, 0).commands().forEach(w::apply);
    Plan p = plan(w, 2);
    assertEquals(2, p.tasks().size());
    p.tasks().forEach(t -> work(w, t));
    view.set(Health.UP, 102);
    assertTrue(plan(w, 0).commands().isEmpty());
    assertEquals(4, heal(w).totals().whole());
    assertEquals(105, w.group(1).members()[2]);
    assertEquals(0, w.group(1).replacements()[2]);
    assertEquals(102, tasks.get(0).sources()[2]);
  }

  /** It cannot be given what it missed, so all it has goes to the replacement. */
  @Test
  void aMemberThatReturnsWithoutRoomIsMovedToItsReplacement() {
    World w = cluster("rs-3-2", 6);
    w.file(ROOT, "f", 4, w.group(w.firstDisks()));
    view.set(Health.DOWN, 102);
    plan(w, 0).commands().forEach(w::apply);
    long g = w.file(ROOT, "g", 2, 1);
    view.set(Health.FULL, 102);
    heal(w);
    assertEquals(105, w.group(1).members()[2]);
    assertEquals(0, w.group(1).replacements()[2]);
    assertEquals(0, w.chunk(g, 0).missing());
  }

  /** The same when the replacement is lost meanwhile, with the only copy of what it got. */
  @Test
  void aMemberThatReturnsWithoutRoomFindsAnotherReplacement() {
    World w = cluster("rs-3-2", 7);
    w.file(ROOT, "f", 4, w.group(w.firstDisks()));
    view.set(Health.DOWN, 102);
    plan(w, 0).commands().forEach(w::apply);
    long onto = w.group(1).replacements()[2];
    long g = w.file(ROOT, "g", 2, 1);
    view.set(Health.FULL, 102);
    plan(w, 0).commands().forEach(w::apply);
    view.set(Health.LOST, onto);
    heal(w);
    assertNotEquals(102, w.group(1).members()[2]);
    assertNotEquals(onto, w.group(1).members()[2]);
    assertEquals(0, w.chunk(g, 0).missing());
  }

  @Test
  void groupsInWhichNothingCanBeDoneKeepNoOtherFromBeingLookedAt() {
    World w = cluster("rs-3-2", 5);
    planner = new HealingPlanner(new Limits(10, 64, 1_000));
    for (int g = 1; g <= 3; g++) {
      w.file(ROOT, "f" + g, 25, w.group(w.firstDisks()));
    }
    view.set(Health.LOST, 101);
    Plan p = plan(w, 0);
    for (int call = 0; call < 12; call++) {
      p = plan(w, 0);
    }
    assertEquals(75, p.totals().degraded(), "3 walks of 3 calls each are over");
  }

  @Test
  void aLostReplacementIsReplacedUnlessItIsNeeded() {
    World w = cluster("rs-3-2", 7);
    w.file(ROOT, "f", 3, w.group(w.firstDisks()));
    view.set(Health.DOWN, 102);
    plan(w, 0).commands().forEach(w::apply);
    long onto = w.group(1).replacements()[2];
    Plan p = plan(w, 100);
    work(w, p.tasks().get(0));
    view.set(Health.DOWN, onto);
    heal(w);
    assertNotEquals(onto, w.group(1).members()[2]);
    assertNotEquals(102, w.group(1).members()[2]);
  }

  @Test
  void aReplacementThatHoldsTheLastCopyIsNeverGivenUp() {
    World w = cluster("mirror-2", 4);
    w.group(100, 101);
    w.file(ROOT, "f", 1, 1);
    view.set(Health.DOWN, 101);
    heal(w);
    long onto = w.group(1).members()[1];
    assertNotEquals(101, onto);
    view.set(Health.DOWN, 100);
    Plan p = plan(w, 0);
    p.commands().forEach(w::apply);
    p = plan(w, 100);
    work(w, p.tasks().get(0));
    long last = w.group(1).replacements()[0];
    view.set(Health.DOWN, onto, last, 103, 102);
    for (int i = 0; i < 5; i++) {
      p = plan(w, 100);
      assertTrue(
          p.commands().stream().noneMatch(LogCommand.DropReplacement.class::isInstance),
          p::toString);
      p.commands().forEach(w::apply);
      assertTrue(p.tasks().isEmpty());
    }
    assertEquals(1, p.totals().lost());
    assertEquals(1, p.totals().lostInodes().size());
  }

  @Test
  void degradedWritesAreCompletedAtOnce() {
    World w = cluster("rs-3-2", 5);
    w.group(w.firstDisks());
    MasterReply.Opened o = w.create(ROOT, "f");
    ChunkPlace place = w.allocate(o, 0, 1, false, 1).get(0);
    World.attr(
        w.commit(o, w.policy.chunkBytes(), true, w.sealed(place, w.policy.chunkBytes(), 0b01000)));
    Plan p = plan(w, 10);
    assertEquals(1, p.tasks().size());
    assertEquals(new BlockKey(place.chunk(), 1, 3), p.tasks().get(0).block());
    assertEquals(103, p.tasks().get(0).disk());
    work(w, p.tasks().get(0));
    assertEquals(1, heal(w).totals().whole());
  }

  @Test
  void staleResultsAreIgnored() {
    World w = cluster("rs-3-2", 6);
    long f = w.file(ROOT, "f", 1, w.group(w.firstDisks()));
    view.set(Health.LOST, 101);
    plan(w, 0).commands().forEach(w::apply);
    RebuildTask t = plan(w, 10).tasks().get(0);
    MasterReply.Opened o = World.opened(w.ask(new Command.AcquireLease(f)));
    ChunkPlace p = w.allocate(o, 0, 1, false, 1).get(0);
    World.attr(
        w.commit(o, w.policy.chunkBytes(), true, w.sealed(p, w.policy.chunkBytes(), 0b00010)));
    work(w, t);
    assertEquals(0, w.chunk(f, 0).onReplacement(), "of an older version");
    w.apply(
        new BlocksRebuilt(List.of(new DiskBlock(1, new BlockKey(p.chunk(), p.version(), 1), 104))));
    assertEquals(0, w.chunk(f, 0).onReplacement(), "on a disk that is not its own");
    assertEquals(0b00010, w.chunk(f, 0).missing());
  }

  @Test
  void theMostEndangeredComeFirst() {
    World w = cluster("rs-3-2", 9);
    w.group(100, 101, 102, 103, 104);
    w.group(104, 105, 106, 107, 108);
    w.file(ROOT, "one", 3, 1);
    w.file(ROOT, "two", 3, 2);
    view.set(Health.LOST, 101, 105, 106);
    plan(w, 0).commands().forEach(w::apply);
    List<RebuildTask> found = plan(w, 100).tasks();
    assertEquals(9, found.size());
    for (int i = 0; i < 6; i++) {
      assertEquals(2, found.get(i).group());
    }
  }

  @Test
  void chunksAreLookedAtInBoundedSteps() {
    World w = cluster("rs-3-2", 6);
    w.file(ROOT, "f", 50, w.group(w.firstDisks()));
    view.set(Health.LOST, 101);
    planner = new HealingPlanner(new Limits(7, 64, 10));
    heal(w);
    assertEquals(50, tasks.size(), "a small backlog only takes more walks");
    assertEquals(105, w.group(1).members()[1]);
  }

  @Test
  void threeOfTenServersDead() {
    World w = cluster("rs-6-3", 10);
    Placement placement = new Placement(w.topology(), view);
    placement.missingGroups(w.policy, true).forEach(w::apply);
    List<Long> files = new ArrayList<>();
    for (GroupRow g : w.topology().groups().values()) {
      files.add(w.file(ROOT, "f" + g.id(), 3, g.id()));
    }
    view.set(Health.DOWN, 100, 104, 109);
    Plan p = heal(w);
    assertEquals(0, p.totals().lost());
    assertEquals(36, p.totals().chunks());
    assertTrue(p.totals().pendingBlocks() > 0, "seven disks cannot hold nine blocks");
    for (long f : files) {
      assertTrue(Long.bitCount(w.chunk(f, 0).missing()) == 0);
    }
    for (GroupRow g : w.topology().groups().values()) {
      long usable = 0;
      for (int i = 0; i < 9; i++) {
        usable += view.disk(g.target(i)).writable() ? 1 : 0;
      }
      assertEquals(7, usable, "every live disk helps every group");
    }
    view.set(Health.UP, 100, 104, 109);
    p = heal(w);
    assertEquals(36, p.totals().whole());
    assertEquals(0, p.totals().pendingBlocks());
    w.topology()
        .groups()
        .values()
        .forEach(g -> assertEquals(0, Arrays.stream(g.replacements()).sum()));
  }

  @Test
  void whatCannotBeDecodedIsNamedAndComesBack() {
    World w = cluster("rs-3-2", 8);
    long f = w.file(ROOT, "f", 2, w.group(w.firstDisks()));
    view.set(Health.DOWN, 100, 101, 102);
    Plan p = heal(w);
    assertEquals(2, p.totals().lost());
    assertEquals(List.of(f), p.totals().lostInodes());
    assertTrue(tasks.isEmpty());
    assertFalse(
        w.query(q -> q.layout(f, 0, 10, view, World.TOKENS)).chunks().stream()
            .anyMatch(c -> c.blocks().stream().filter(b -> b.exists()).count() < 3));
    view.set(Health.UP, 100);
    p = heal(w);
    assertEquals(0, p.totals().lost());
    assertEquals(2, p.totals().whole());
  }
}
