package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Leases, pins and sessions, with a clock moved by hand. */
final class LeasesTest {
  private static final long SECOND = 1_000_000_000L;
  private static final Timing TIMING = Timing.DEFAULT.withLeaseTimeout(Duration.ofSeconds(15));

  private final MemoryStore store = new MemoryStore();
  private final Metadata metadata =
      new Metadata(new LocalReplicator(store, SECOND), store, RealWorld.INSTANCE);
  private long now = 1000 * SECOND;
  private long wall = SECOND;
  private Leases leases = fresh();
  private long seq;

  private Leases fresh() {
    return new Leases(metadata, TIMING, () -> now, () -> wall);
  }

  @BeforeEach
  void cluster() throws AshlarException {
    metadata.decide(new LogCommand.InitCluster(1, "mirror-1", 1, new byte[32]));
    submit(7, new Command.OpenSession("test"));
  }

  private MasterReply submit(long client, Command c) throws AshlarException {
    seq++;
    return (MasterReply) metadata.decide(new LogCommand.ClientCommand(client, seq, seq, c));
  }

  private long lease(String name) throws AshlarException {
    return ((MasterReply.Opened) submit(7, new Command.Create(1, name, 0644, 0, 0, true, "")))
        .epoch();
  }

  private boolean open(long epoch) {
    return metadata.read(txn -> new Queries(txn).lostEpochs(7, new long[] {epoch})).length == 0;
  }

  private void pass(long seconds) {
    for (long i = 0; i < seconds; i++) {
      now += SECOND;
      leases.run();
    }
  }

  @Test
  void aLeaseEndsATermAfterItWasLastRenewed() throws Exception {
    long epoch = lease("f");
    pass(14);
    assertTrue(open(epoch));
    leases.renew(7, new long[] {epoch}, new long[0]);
    pass(14);
    assertTrue(open(epoch));
    pass(2);
    assertFalse(open(epoch));
  }

  @Test
  void aNewLeaderGivesAFullTerm() throws Exception {
    long epoch = lease("f");
    pass(10);
    leases = fresh();
    pass(14);
    assertTrue(open(epoch));
    pass(3);
    assertFalse(open(epoch));
  }

  @Test
  void aLeaderThatStoodStillBlamesNobody() throws Exception {
    long epoch = lease("f");
    leases.run();
    leases.renew(7, new long[] {epoch}, new long[] {5});
    now += 100 * SECOND;
    leases.stoodStill(100 * SECOND);
    pass(14);
    assertTrue(open(epoch));
    assertTrue(leases.pinned(5));
  }

  @Test
  void aPinLastsATermUnlessRenewed() {
    leases.renew(7, new long[0], new long[] {5});
    assertTrue(leases.pinned(5));
    assertFalse(leases.pinned(6));
    pass(14);
    leases.renew(7, new long[0], new long[] {5});
    pass(14);
    assertTrue(leases.pinned(5));
    pass(1);
    assertFalse(leases.pinned(5));
  }

  @Test
  void aClientThatIsIdleForLongIsForgottenAndOneThatOnlyReadsIsNot() throws Exception {
    assertEquals(1, sessions());
    for (int minute = 0; minute < 70; minute++) {
      leases.renew(7, new long[0], new long[0]);
      pass(60);
      wall += 60 * SECOND;
    }
    assertEquals(1, sessions());
    for (int minute = 0; minute < 62; minute++) {
      pass(60);
      wall += 60 * SECOND;
    }
    assertEquals(0, sessions());
  }

  private int sessions() {
    return metadata.read(txn -> new Queries(txn).sessions(0, 10)).size();
  }
}
