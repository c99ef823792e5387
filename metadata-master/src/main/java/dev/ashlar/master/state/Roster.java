package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.ErrorCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The masters that are or were members of the cluster: where they are, and under which incarnation
 * of their directory they may vote. A name is bound to one incarnation for ever: a master that lost
 * its directory lost its promises to its peers, and can only come back under another name.
 */
public final class Roster {
  private static final int MAX_NAME = 100;

  /**
   * @param retired true once it was removed for good
   */
  public record MasterRow(
      String name, long incarnation, String raftAddress, String clientAddress, boolean retired) {}

  private Roster() {}

  public static List<MasterRow> all(ReadTxn txn) {
    return new Tables(txn)
        .all(MasterRow.class, Table.MASTERS.key()).stream().map(Tables.Found::row).toList();
  }

  public static @Nullable MasterRow find(ReadTxn txn, String name) {
    return new Tables(txn).get(MasterRow.class, Table.MASTERS.key(name));
  }

  static void register(Changes c, LogCommand.RegisterMaster m) {
    if (m.name().isEmpty() || m.name().length() > MAX_NAME || m.incarnation() == 0) {
      throw new Refusal(
          ErrorCode.INVALID,
          "A master needs a name of at most " + MAX_NAME + " characters and an incarnation");
    }
    MasterRow old = c.get(MasterRow.class, Table.MASTERS.key(m.name()));
    if (old != null && (old.incarnation() != m.incarnation() || old.retired())) {
      throw new Refusal(
          ErrorCode.EXISTS,
          "The name " + m.name() + " was used by another master of this cluster: choose a new one");
    }
    c.put(
        Table.MASTERS.key(m.name()),
        new MasterRow(m.name(), m.incarnation(), m.raftAddress(), m.clientAddress(), false));
  }

  static void retire(Changes c, LogCommand.RetireMaster m) {
    MasterRow old = c.get(MasterRow.class, Table.MASTERS.key(m.name()));
    if (old == null) {
      throw new Refusal(ErrorCode.NOT_FOUND, "No master is called " + m.name());
    }
    c.put(
        Table.MASTERS.key(m.name()),
        new MasterRow(old.name(), old.incarnation(), old.raftAddress(), old.clientAddress(), true));
  }
}
