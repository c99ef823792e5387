package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.Health;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.MetadataState;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.ServerRow;
import dev.ashlar.master.state.Topology;
import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Who is alive, with a clock moved by hand. */
final class LivenessTest {
  private static final Timing TIMING =
      Timing.DEFAULT.withSuspectAfter(Duration.ofSeconds(10)).withDownAfter(Duration.ofSeconds(60));

  private final MemoryStore store = new MemoryStore();
  private final MetadataState state = new MetadataState();
  private long now = 1_000_000_000_000L;
  private Liveness liveness = new Liveness(TIMING, topology(), () -> now);
  private final FakeServer s1 = new FakeServer("s1", 101);
  private final FakeServer s2 = new FakeServer("s2", 102);

  private Topology topology() {
    try (ReadTxn txn = store.read()) {
      return Topology.load(txn);
    }
  }

  /** A heartbeat, and what it proposes carried out. */
  private List<LogCommand> beat(FakeServer s) {
    List<LogCommand> commands = liveness.heard(s.heartbeat()).commands();
    try (WriteTxn txn = store.write()) {
      commands.forEach(c -> state.apply(txn, c, 1));
      txn.commit();
    }
    liveness.topology(topology());
    return commands;
  }

  private Health health(FakeServer s) {
    return liveness.disk(s.disk).health();
  }

  private void seconds(long n) {
    now += n * 1_000_000_000L;
  }

  private void register(FakeServer s) {
    beat(s);
    beat(s);
    assertEquals(List.of(), beat(s));
  }

  @Test
  void aNewDiskIsRegisteredWithTheSecondHeartbeat() {
    assertEquals(List.of(new LogCommand.RegisterServer("s1", "s1:1", "")), beat(s1));
    assertTrue(beat(s1).getFirst() instanceof LogCommand.RegisterDisk);
    assertEquals(Health.UP, health(s1));
  }

  @Test
  void silenceMakesItSuspectAndThenDownAndAHeartbeatMendsIt() {
    register(s1);
    seconds(9);
    assertEquals(Health.UP, health(s1));
    seconds(1);
    assertEquals(Health.SUSPECT, health(s1));
    assertNull(liveness.liveServer(s1.disk));
    seconds(50);
    assertEquals(Health.DOWN, health(s1));
    beat(s1);
    assertEquals(Health.UP, health(s1));
  }

  @Test
  void timeInWhichTheLeaderStoodStillIsSilenceButNoReasonForSuspicion() {
    register(s1);
    seconds(60);
    liveness.stoodStill(Duration.ofSeconds(60).toNanos());
    ServerRow row = topology().servers().values().iterator().next();
    Liveness.ServerView v = liveness.server(row);
    assertEquals("up", v.state());
    assertEquals(60_000, v.silentMs(), "It was not heard in that time");
    beat(s1);
    assertEquals(0, liveness.server(row).silentMs());
  }

  @Test
  void aNewLeaderGivesEverybodyTheFullTime() {
    register(s1);
    seconds(1000);
    liveness = new Liveness(TIMING, topology(), () -> now);
    assertEquals(Health.SUSPECT, health(s1));
    seconds(59);
    assertEquals(Health.SUSPECT, health(s1));
    seconds(1);
    assertEquals(Health.DOWN, health(s1));
  }

  @Test
  void aDiskThatFailsOrIsNoLongerListedIsLostAtOnceAndForTheNextLeaderToo() {
    register(s1);
    register(s2);
    s1.state = DiskState.FAILED;
    assertEquals(List.of(new LogCommand.SetDiskState(101, DiskState.FAILED)), beat(s1));
    s2.lists = false;
    assertEquals(List.of(new LogCommand.SetDiskState(102, DiskState.FAILED)), beat(s2));
    assertEquals(Health.LOST, health(s1));
    assertEquals(Health.LOST, health(s2));
    liveness = new Liveness(TIMING, topology(), () -> now);
    assertEquals(Health.LOST, health(s1));
    assertEquals(Health.LOST, health(s2));
    s2.lists = true;
    assertEquals(List.of(new LogCommand.SetDiskState(102, DiskState.UP)), beat(s2));
    assertEquals(Health.UP, health(s2));
  }

  @Test
  void aDiskThatMovesToAnotherServerIsFoundThere() {
    register(s1);
    s1.lists = false;
    beat(s1);
    FakeServer other = new FakeServer("s9", 101);
    register(other);
    assertEquals(Health.UP, health(other));
    assertEquals("s9:1", liveness.disk(101).address());
    beat(s1);
    assertEquals(Health.UP, health(other));
  }

  @Test
  void theCopyOfADiskInServiceIsIgnored() {
    register(s1);
    FakeServer copy = new FakeServer("s9", 101);
    beat(copy);
    beat(copy);
    assertEquals("s1:1", liveness.disk(101).address());
    assertEquals("s1", liveness.liveServer(101));
  }

  @Test
  void digestsAreWantedAtFirstAfterARestartAfterSilenceAndInBetween() {
    register(s1);
    assertArrayEquals(new long[] {101}, liveness.wanted("s1"));
    assertArrayEquals(new long[0], liveness.wanted("s1"));
    liveness.agreed(101);
    assertArrayEquals(new long[0], liveness.wanted("s1"));
    s1.boot++;
    beat(s1);
    assertArrayEquals(new long[] {101}, liveness.wanted("s1"));
    liveness.agreed(101);
    seconds(11);
    beat(s1);
    assertArrayEquals(new long[] {101}, liveness.wanted("s1"));
    seconds(31);
    assertArrayEquals(new long[] {101}, liveness.wanted("s1"), "Not answered: asked again");
    liveness.agreed(101);
    beat(s1);
    seconds(TIMING.reportPeriod().toSeconds());
    beat(s1);
    assertArrayEquals(new long[] {101}, liveness.wanted("s1"));
  }

  @Test
  void digestsThatDifferAreComparedAgainAfterLongerAndLongerWaitsUntilTheyAgree() {
    register(s1);
    assertArrayEquals(new long[] {101}, liveness.wanted("s1"));
    for (int wait = 2; wait <= 64; wait *= 2) {
      liveness.differed(101);
      for (int second = 1; second < wait; second++) {
        seconds(1);
        beat(s1);
      }
      assertArrayEquals(new long[0], liveness.wanted("s1"));
      seconds(1);
      assertArrayEquals(new long[] {101}, liveness.wanted("s1"));
    }
    liveness.agreed(101);
    seconds(9);
    assertArrayEquals(new long[0], liveness.wanted("s1"));
  }

  @Test
  void aDiskThatLostItsPlaceInAGroupIsComparedAtOnce() {
    register(s1);
    register(s2);
    liveness.agreed(101);
    liveness.agreed(102);
    Topology before = topology();
    liveness.topology(with(before, group(1, 101, 102)));
    assertArrayEquals(new long[0], liveness.wanted("s1"));
    liveness.topology(with(before, group(1, 101, 102)));
    liveness.topology(with(before, group(2, 101, 103)));
    assertArrayEquals(new long[0], liveness.wanted("s1"));
    assertArrayEquals(new long[] {102}, liveness.wanted("s2"));
  }

  private static GroupRow group(long epoch, long... members) {
    long[] none = new long[members.length];
    return new GroupRow(7, "mirror-2", epoch, members, none, 0, 0, none, none);
  }

  private static Topology with(Topology t, GroupRow group) {
    return new Topology(
        t.cluster(),
        t.servers(),
        t.disks(),
        new TreeMap<>(Map.of(group.id(), group)),
        t.counts(),
        t.keys());
  }
}
