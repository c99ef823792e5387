package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.ClientCommand;
import dev.ashlar.master.state.Rows.LeaseOwner;
import dev.ashlar.master.state.Rows.SessionRow;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Exactly once: the reply to (client, seq) is stored in the same transaction as the effect, until
 * the client says that it has it. A repeated command gets the stored reply. RETRY is not stored,
 * since it says that nothing was decided.
 */
final class Sessions {
  /** How far a client may run ahead of its oldest unanswered command. */
  static final long MAX_AHEAD = 65_536;

  private Sessions() {}

  static Message apply(WriteTxn txn, ClientCommand c, long timeNs) {
    Tables tables = new Tables(txn);
    SessionRow session = tables.session(c.client());
    boolean opening = c.command() instanceof Command.OpenSession;
    if (session == null && !opening) {
      return withoutSession(txn, c, timeNs);
    }
    if (session != null) {
      byte[] stored = tables.bytes(Table.REPLIES.key(c.client(), c.seq()));
      if (stored != null) {
        return Encoding.decodeMessage(stored);
      }
    }
    ErrorReply wrong = check(c, session);
    if (wrong != null) {
      return wrong;
    }
    Message reply =
        MetadataState.decide(
            txn, timeNs, changes -> MetadataState.client(changes, c.client(), c.command()));
    if (reply instanceof ErrorReply e && e.code() == ErrorCode.RETRY) {
      return reply;
    }
    MetadataState.decide(
        txn,
        timeNs,
        changes -> {
          remember(changes, c, session, reply);
          return reply;
        });
    return reply;
  }

  private static Message withoutSession(WriteTxn txn, ClientCommand c, long timeNs) {
    MetadataState.decide(txn, timeNs, _ -> new MasterReply.Done());
    if (c.command() instanceof Command.CloseSession) {
      return new MasterReply.Done(); // a repeated close: it is closed
    }
    return new ErrorReply(
        ErrorCode.SESSION_EXPIRED,
        "The session of client "
            + Long.toHexString(c.client())
            + " ran out: open a new one; unanswered commands must not be repeated");
  }

  private static @Nullable ErrorReply check(ClientCommand c, @Nullable SessionRow session) {
    long acked = session == null ? 0 : session.ackedBelow();
    if (c.seq() < 1 || c.ackedBelow() > c.seq()) {
      return new ErrorReply(
          ErrorCode.INVALID,
          "A command number must be at least 1 and not below the acknowledged ones, but "
              + c.seq()
              + " came with "
              + c.ackedBelow());
    }
    if (c.seq() < acked) {
      return new ErrorReply(
          ErrorCode.INVALID,
          "Command "
              + c.seq()
              + " was acknowledged already (all below "
              + acked
              + " are): it is not done again");
    }
    if (c.seq() - Math.max(acked, c.ackedBelow()) > MAX_AHEAD) {
      return new ErrorReply(
          ErrorCode.RETRY,
          "More than "
              + MAX_AHEAD
              + " commands of this client are not acknowledged: wait for answers");
    }
    return null;
  }

  private static void remember(
      Changes c, ClientCommand m, @Nullable SessionRow session, Message reply) {
    if (m.command() instanceof Command.CloseSession) {
      expire(c, new long[] {m.client()});
      return;
    }
    long acked = Math.max(m.ackedBelow(), session == null ? 0 : session.ackedBelow());
    String host =
        m.command() instanceof Command.OpenSession o
            ? o.host()
            : session == null ? "" : session.host();
    c.put(Table.SESSIONS.key(m.client()), new SessionRow(host, acked, c.nowNs()));
    c.put(Table.REPLIES.key(m.client(), m.seq()), Encoding.encodeMessage(reply));
    if (session != null && acked > session.ackedBelow()) {
      forget(c, m.client(), acked);
    }
  }

  private static void forget(Changes c, long client, long below) {
    List<byte[]> gone = new ArrayList<>();
    c.visitKeys(Table.REPLIES.key(client), Table.REPLIES.key(client, below), gone::add);
    gone.forEach(c::delete);
  }

  static void closeLeases(Changes c, long[] epochs) {
    Contents contents = new Contents(c, new Leases(c));
    for (long epoch : epochs) {
      LeaseOwner owner = c.leaseOwner(epoch);
      if (owner != null) {
        contents.letGo(owner.inode());
      }
    }
  }

  static void expire(Changes c, long[] clients) {
    for (long client : clients) {
      long[] epochs =
          c.keys(Table.CLIENT_LEASES.key(client), Integer.MAX_VALUE).stream()
              .mapToLong(k -> Keys.number(k, 1))
              .toArray();
      closeLeases(c, epochs);
      c.keys(Table.REPLIES.key(client), Integer.MAX_VALUE).forEach(c::delete);
      c.delete(Table.SESSIONS.key(client));
    }
  }
}
