package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Rows.GroupCounts;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.ServerRow;
import dev.ashlar.master.state.Rows.TokenKeyRow;
import dev.ashlar.master.store.ReadTxn;
import java.util.List;
import java.util.SortedMap;

/** Servers, disks and groups as of one transaction: small enough to load whole. Immutable. Keys sorted oldest first. */
public record Topology(ClusterRow cluster, SortedMap<String, ServerRow> servers, SortedMap<Long, DiskRow> disks, SortedMap<Long, GroupRow> groups, SortedMap<Long, GroupCounts> counts, List<TokenKeyRow> keys) {
  public static Topology load(ReadTxn txn) { throw new IllegalStateException(); }
}
