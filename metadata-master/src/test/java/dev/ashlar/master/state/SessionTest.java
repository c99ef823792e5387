package dev.ashlar.master.state;

import static dev.ashlar.master.state.World.CLIENT;
import static dev.ashlar.master.state.World.done;
import static dev.ashlar.master.state.World.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.ClientCommand;
import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import org.junit.jupiter.api.Test;

/** Exactly-once, and what happens to clients that go. */
final class SessionTest {
  private final World w = new World(new MemoryStore(), "rs-3-2").withGroup();

  private Message send(long seq, long ackedBelow, Command command) {
    return w.apply(new ClientCommand(5, seq, ackedBelow, command));
  }

  @Test
  void repeatedCommandsAreAnsweredOnce() {
    refused(ErrorCode.SESSION_EXPIRED, send(1, 1, new Command.Mkdir(1, "a", 0755, 0, 0)));
    done(send(1, 1, new Command.OpenSession("h")));
    done(send(1, 1, new Command.OpenSession("h")));
    Message first = send(2, 1, new Command.Mkdir(1, "a", 0755, 0, 0));
    w.nowNs += 1_000;
    assertEquals(first, send(2, 1, new Command.Mkdir(1, "a", 0755, 0, 0)));
    refused(ErrorCode.EXISTS, send(3, 1, new Command.Mkdir(1, "a", 0755, 0, 0)));
    done(w.ask(new Command.Rmdir(1, "a")));
    refused(ErrorCode.EXISTS, send(3, 1, new Command.Mkdir(1, "a", 0755, 0, 0)));
    assertEquals(first, send(2, 2, new Command.Mkdir(1, "a", 0755, 0, 0)));
  }

  @Test
  void acknowledgedRepliesAreForgottenAndNeverDoneAgain() {
    done(send(1, 1, new Command.OpenSession("h")));
    send(2, 1, new Command.Mkdir(1, "a", 0755, 0, 0));
    send(3, 3, new Command.Mkdir(1, "b", 0755, 0, 0));
    assertEquals(1, w.rows(Table.REPLIES.key(5)));
    refused(ErrorCode.INVALID, send(2, 2, new Command.Mkdir(1, "c", 0755, 0, 0)));
    refused(ErrorCode.INVALID, send(4, 5, new Command.Mkdir(1, "c", 0755, 0, 0)));
    refused(ErrorCode.INVALID, send(0, 0, new Command.Mkdir(1, "c", 0755, 0, 0)));
    refused(
        ErrorCode.RETRY,
        send(3 + Sessions.MAX_AHEAD + 1, 3, new Command.Mkdir(1, "c", 0755, 0, 0)));
    World.attr(send(9, 3, new Command.Mkdir(1, "c", 0755, 0, 0)));
    World.attr(send(8, 3, new Command.Mkdir(1, "d", 0755, 0, 0)));
  }

  @Test
  void retryIsNotRemembered() {
    done(send(1, 1, new Command.OpenSession("h")));
    refused(ErrorCode.RETRY, send(2, 1, new Command.Stage(1, 0600, 0, 0, "", 1, new long[] {99})));
    World.opened(send(2, 1, new Command.Stage(1, 0600, 0, 0, "", 1, new long[] {1})));
  }

  @Test
  void closingAndExpiringDropLeasesAndReplies() {
    done(send(1, 1, new Command.OpenSession("h")));
    MasterReply.Opened staged =
        World.opened(send(2, 1, new Command.Stage(1, 0600, 0, 0, "", 2, new long[] {1, 1})));
    MasterReply.Opened file =
        World.opened(send(3, 1, new Command.Create(1, "f", 0600, 0, 0, true, "")));
    long[] epochs = {staged.epoch(), file.epoch(), 99};
    assertArrayEquals(new long[] {99}, w.query(q -> q.lostEpochs(5, epochs)));
    assertEquals(3, w.query(q -> q.lostEpochs(6, epochs)).length);
    assertEquals(2, w.query(Queries::leases).size());
    assertEquals(2, w.query(q -> q.sessions(0, 10)).size());
    done(send(4, 1, new Command.CloseSession()));
    done(send(4, 1, new Command.CloseSession()));
    assertEquals(3, w.query(q -> q.lostEpochs(5, epochs)).length);
    refused(
        ErrorCode.LEASE_LOST, w.ask(new Command.ReleaseLease(file.attr().inode(), file.epoch())));
    assertEquals(2, w.topology().cluster().deletions());
    assertEquals(1, w.topology().cluster().files());
    assertFalse(w.exists(staged.attr().inode()));
    assertEquals(1, w.query(q -> q.sessions(0, 10)).size());
    done(w.apply(new LogCommand.ExpireSessions(new long[] {CLIENT, 1234})));
    refused(ErrorCode.SESSION_EXPIRED, w.ask(new Command.Mkdir(1, "a", 0755, 0, 0)));
    assertEquals(0, w.rows(Table.REPLIES.key()));
    w.read(txn -> {
      Invariants.check(txn);
      return 0;
    });
  }
}
