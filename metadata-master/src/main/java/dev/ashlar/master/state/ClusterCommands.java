package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ClusterRow;
import dev.ashlar.master.state.Rows.DiskRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Rows.ServerRow;
import dev.ashlar.master.state.Rows.TokenKeyRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.util.List;

/** The leader's commands on what the cluster is made of. */
final class ClusterCommands {
  private final Changes c;

  ClusterCommands(Changes c) {
    this.c = c;
  }

  void init(LogCommand.InitCluster m) {
    ClusterRow row = c.cluster();
    if (row.cluster() != 0) {
      return;
    }
    if (m.cluster() == 0) {
      throw new Refusal(ErrorCode.INVALID, "A cluster id must not be 0");
    }
    String policy = Inodes.policy(m.policy()).toString();
    c.cluster(Clusters.named(row, m.cluster(), policy));
    Attr root = Inodes.fresh(Attr.ROOT, FileType.DIRECTORY, 0755, 0, 0, 2, 0, "", c.nowNs());
    c.putInode(new InodeRow(root, 0, "", ""));
    c.countNames(0, 1);
    addTokenKey(new LogCommand.AddTokenKey(m.keyId(), m.secret()));
  }

  void registerServer(LogCommand.RegisterServer m) {
    Inodes.validName(m.server());
    c.put(Table.SERVERS.key(m.server()), new ServerRow(m.server(), m.address(), m.domain()));
  }

  void registerDisk(LogCommand.RegisterDisk m) {
    if (m.disk() == 0) {
      throw new Refusal(ErrorCode.INVALID, "A disk id must not be 0");
    }
    DiskRow known = c.disk(m.disk());
    DiskState state = known == null ? DiskState.UP : known.state();
    c.put(
        Table.DISKS.key(m.disk()),
        new DiskRow(m.disk(), m.server(), m.path(), m.domain(), m.capacityBytes(), state));
  }

  void setDiskState(LogCommand.SetDiskState m) {
    DiskRow d = c.disk(m.disk());
    if (d == null) {
      throw new Refusal(
          ErrorCode.NOT_FOUND, "No disk " + Long.toHexString(m.disk()) + " is registered");
    }
    c.put(
        Table.DISKS.key(m.disk()),
        new DiskRow(d.id(), d.server(), d.path(), d.domain(), d.capacityBytes(), m.state()));
  }

  void addTokenKey(LogCommand.AddTokenKey m) {
    List<Tables.Found<TokenKeyRow>> kept = c.all(TokenKeyRow.class, Table.TOKEN_KEYS.key());
    if (m.id() < 1 || kept.stream().anyMatch(k -> k.row().id() >= m.id())) {
      return;
    }
    c.put(Table.TOKEN_KEYS.key(m.id()), new TokenKeyRow(m.id(), m.secret()));
    for (int i = 0; i <= kept.size() - LogCommand.KEPT_KEYS; i++) {
      c.delete(kept.get(i).key());
    }
  }

  void setPolicy(LogCommand.SetPolicy m) {
    String policy = Inodes.policy(m.policy()).toString();
    c.cluster(Clusters.named(c.cluster(), c.cluster().cluster(), policy));
  }
}
