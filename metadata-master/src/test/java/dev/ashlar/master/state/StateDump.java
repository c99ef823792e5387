package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.message.Attr;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The whole state as text, and against the model. */
final class StateDump {
  private StateDump() {}

  /** The state is what the model says. */
  static void mustEqual(NaiveFs model, ReadTxn txn) {
    Queries q = new Queries(txn);
    Tables t = new Tables(txn);
    assertEquals(model.nodes.size(), t.keys(Table.INODES.key(), Integer.MAX_VALUE).size());
    model.nodes.forEach((inode, n) -> {
      Attr a = Inodes.existing(t, inode).attr();
      assertEquals(n.type, a.type());
      assertEquals(n.directory() ? n.entries.size() : n.size, a.size());
      Map<Integer, Long> chunks = new TreeMap<>();
      t.chunks(inode, 0, 1000)
          .forEach(f -> chunks.put(Tables.index(f.key()), f.row().validLength()));
      assertEquals(n.chunks, chunks);
      assertEquals(n.slice, t.slice(inode));
      Map<Integer, String> staged = new TreeMap<>();
      t.all(Rows.StagedRow.class, Table.STAGED.key(inode))
          .forEach(
              f -> staged.put(Tables.index(f.key()), f.row().chunk() + " " + f.row().version()));
      assertEquals(n.staged, staged);
      try {
        assertEquals(List.copyOf(n.xattrs.keySet()), q.xattrs(inode));
        if (n.directory()) {
          Map<String, Long> entries = new TreeMap<>();
          q.readDir(inode, "", 1000)
              .entries()
              .forEach(e -> entries.put(e.name(), e.attr().inode()));
          assertEquals(n.entries, entries);
        }
      } catch (dev.ashlar.protocol.AshlarException e) {
        throw new AssertionError(e);
      }
    });
  }

  /** Everything but what a refused command may leave: its reply, its session, the time. */
  static String effects(World one) {
    Map<String, String> rows = rows(one);
    ClusterRow c = one.tables(Tables::cluster);
    rows.keySet()
        .removeIf(k ->
            k.startsWith(table(Table.SESSIONS))
                || k.startsWith(table(Table.REPLIES))
                || k.startsWith(table(Table.CLUSTER)));
    return rows + Clusters.time(c, 0).toString();
  }

  private static String table(Table table) {
    return HexFormat.of().formatHex(table.key());
  }

  /** All of it. */
  static String dump(World w) {
    return rows(w).toString();
  }

  private static Map<String, String> rows(World w) {
    Map<String, String> rows = new TreeMap<>();
    try (ReadTxn txn = w.store.read()) {
      txn.scan(
          new byte[] {0},
          null,
          (k, v) -> {
            rows.put(HexFormat.of().formatHex(k), HexFormat.of().formatHex(v));
            return true;
          });
    }
    return rows;
  }
}
