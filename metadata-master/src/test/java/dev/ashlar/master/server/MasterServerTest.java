package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One and three masters over real sockets. */
final class MasterServerTest {
  @TempDir Path dir;

  @Test
  void oneMasterServesAndKeepsItsStateOverARestart() throws Exception {
    try (TestCluster c = new TestCluster(dir, 1, t -> t)) {
      TestCluster.Client client = c.new Client(7);
      long inode = client.mkdir("a");
      c.stop("m1");
      c.start("m1");
      c.awaitStarted();
      MasterReply.AttrReply found =
          (MasterReply.AttrReply) c.call(new MasterRequest.Lookup(1, "a"));
      assertEquals(inode, found.attr().inode());
      ClusterStatus status =
          ((MasterReply.StatusReply) c.call(new MasterRequest.GetStatus())).status();
      assertEquals("m1", status.leader());
      assertNotEquals(0, status.cluster());
      assertEquals(List.of(), c.fatal);
    }
  }

  @Test
  void commandsAreDoneOnceThoughTheLeaderDiesAndTheyAreRepeated() throws Exception {
    try (TestCluster c = new TestCluster(dir, 3, t -> t)) {
      TestCluster.Client client = c.new Client(9);
      for (int i = 0; i < 20; i++) {
        client.mkdir("d" + i);
      }
      MasterRequest.Submit last = client.next(new Command.Mkdir(1, "last", 0755, 0, 0));
      MasterReply.AttrReply first = (MasterReply.AttrReply) c.call(last);
      String leader = c.leader();
      c.stop(leader);
      assertEquals(first, c.call(last), "The repeated command has the first one's result");
      MasterReply.Entries entries =
          (MasterReply.Entries) c.call(new MasterRequest.ReadDir(1, "", 100));
      assertEquals(21, entries.entries().size());
      c.start(leader);
      c.awaitStarted();
      long applied = c.server(c.leader()).appliedIndex();
      TestCluster.await(
          "the returned master to catch up", () -> c.server(leader).appliedIndex() >= applied);
      assertEquals(List.of(), c.fatal);
    }
  }

  /** Who waited for it would not find the master that leads. */
  @Test
  void oneThatStartsSendsCallersOn() throws Exception {
    try (TestCluster c = new TestCluster(dir, 0, t -> t)) {
      c.name("m1");
      c.name("m2");
      c.start("m1"); // new, so it waits for the other
      for (MasterRequest asked :
          List.of(new MasterRequest.GetAttr(1), new MasterRequest.GetStatus())) {
        AshlarException e = assertThrows(AshlarException.class, () -> c.ask("m1", asked));
        assertEquals(ErrorCode.NOT_LEADER, e.code());
        assertEquals("", e.getMessage());
      }
    }
  }

  @Test
  void aFollowerNamesTheLeader() throws Exception {
    try (TestCluster c = new TestCluster(dir, 3, t -> t)) {
      c.new Client(3);
      String follower = c.follower();
      AshlarException e =
          assertThrows(AshlarException.class, () -> c.ask(follower, new MasterRequest.GetAttr(1)));
      assertEquals(ErrorCode.NOT_LEADER, e.code());
      assertEquals(c.peer(c.leader()).clientAddress(), e.getMessage());
      ClusterStatus status =
          ((MasterReply.StatusReply) c.ask(follower, new MasterRequest.GetStatus())).status();
      assertEquals(3, status.masters().size());
      assertEquals(c.leader(), status.leader());
    }
  }

  @Test
  void aWipedMasterIsRefusedAndReplacedUnderAnotherName() throws Exception {
    try (TestCluster c = new TestCluster(dir, 3, t -> t)) {
      TestCluster.Client client = c.new Client(5);
      client.mkdir("before");
      String wiped = c.follower();
      c.stop(wiped);
      c.wipe(wiped);
      MasterServer again = c.start(wiped);
      AshlarException e =
          assertThrows(AshlarException.class, () -> again.awaitStarted(TestCluster.PATIENCE));
      assertTrue(
          String.valueOf(e.getMessage()).contains("masters replace " + wiped), e.getMessage());
      c.stop(wiped);

      MasterConfig.Peer fresh = c.name("m4");
      MasterServer m4 = c.start(c.config("m4").joining());
      m4.awaitStarted(TestCluster.PATIENCE);
      MasterReply.Text done =
          (MasterReply.Text)
              c.call(
                  new MasterRequest.Administer(
                      "replace-master",
                      List.of(wiped, "m4", fresh.raftAddress(), fresh.clientAddress())));
      assertTrue(done.text().contains("m4"), done.text());
      client.mkdir("after");
      long applied = c.server(c.leader()).appliedIndex();
      TestCluster.await("the new master to catch up", () -> m4.appliedIndex() >= applied);
      ClusterStatus status =
          ((MasterReply.StatusReply) c.ask(c.leader(), new MasterRequest.GetStatus())).status();
      assertEquals(3, status.masters().size());
      assertTrue(status.masters().stream().anyMatch(m -> m.name().equals("m4")));
      assertEquals(List.of(), c.fatal);
    }
  }
}
