package dev.ashlar.master.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The masters that are or were members of the cluster: where they are, and under which incarnation of their directory they may vote. A name is bound to one incarnation
 * for ever: a master that lost its directory lost its promises to its peers, and can only come back under another name.
 */
public final class Roster {
  private static final byte[] PREFIX = {0, 0, 21};
  private static final byte[] END = {0, 0, 22};

  /** @param retired true once it was removed for good */
  public record MasterRow(String name, long incarnation, String raftAddress, String clientAddress, boolean retired) {}

  private Roster() {}

  public static List<MasterRow> all(ReadTxn txn) {
    List<MasterRow> rows = new ArrayList<>();
    txn.scan(PREFIX, END, (k, v) -> rows.add(decode(v)));
    return rows;
  }

  public static @Nullable MasterRow find(ReadTxn txn, String name) {
    byte[] row = txn.get(key(name));
    return row == null ? null : decode(row);
  }

  static Message register(WriteTxn txn, LogCommand.RegisterMaster c) {
    if (c.name().isEmpty() || c.name().length() > 100 || c.incarnation() == 0) {
      return new ErrorReply(ErrorCode.INVALID, "A master needs a name of at most 100 characters and an incarnation");
    }
    MasterRow old = find(txn, c.name());
    if (old != null && (old.incarnation() != c.incarnation() || old.retired())) {
      return new ErrorReply(ErrorCode.EXISTS, "The name " + c.name() + " was used by another master of this cluster: choose a new one");
    }
    put(txn, new MasterRow(c.name(), c.incarnation(), c.raftAddress(), c.clientAddress(), false));
    return new MasterReply.Done();
  }

  static Message retire(WriteTxn txn, LogCommand.RetireMaster c) {
    MasterRow old = find(txn, c.name());
    if (old == null) {
      return new ErrorReply(ErrorCode.NOT_FOUND, "No master is called " + c.name());
    }
    put(txn, new MasterRow(old.name(), old.incarnation(), old.raftAddress(), old.clientAddress(), true));
    return new MasterReply.Done();
  }

  private static void put(WriteTxn txn, MasterRow row) {
    txn.put(key(row.name()), RecordCodec.encode(row));
  }

  private static byte[] key(String name) {
    byte[] n = name.getBytes(UTF_8);
    return ByteBuffer.allocate(PREFIX.length + n.length).put(PREFIX).put(n).array();
  }

  private static MasterRow decode(byte[] row) {
    try {
      return RecordCodec.decode(MasterRow.class, row);
    } catch (DecodeException e) {
      throw new IllegalStateException("The row of a master cannot be read", e);
    }
  }
}
