package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.LeaseOwner;
import dev.ashlar.master.state.Rows.LeaseRow;
import dev.ashlar.master.state.Rows.StagedRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.protocol.ErrorCode;
import java.util.List;

/**
 * The right to change a file's content. At most one lease per inode; its epoch comes from one
 * counter and is never used again. A client that holds a lease and asks for it again is refused
 * like any other: two writers in one client would overwrite each other, so the client has to share
 * the one it has, or to release it.
 */
final class Leases {
  private final Changes c;

  Leases(Changes c) {
    this.c = c;
  }

  void requireFree(long inode) {
    LeaseRow held = c.lease(inode);
    if (held != null) {
      throw new Refusal(
          ErrorCode.LEASE_LOST,
          Inodes.path(c, inode)
              + ": is open for writing by client "
              + Long.toHexString(held.client())
              + " (epoch "
              + held.epoch()
              + ")");
    }
  }

  long open(long inode, long client) {
    long epoch = c.nextEpoch();
    c.put(Table.LEASES.key(inode), new LeaseRow(epoch, client));
    c.put(Table.LEASE_EPOCHS.key(epoch), new LeaseOwner(inode, client));
    c.put(Table.CLIENT_LEASES.key(client, epoch), new byte[0]);
    return epoch;
  }

  /** Refuses unless this client holds the lease under this epoch. */
  void require(long inode, long epoch, long client) {
    LeaseRow held = c.lease(inode);
    if (held == null || held.epoch() != epoch || held.client() != client) {
      throw new Refusal(
          ErrorCode.LEASE_LOST,
          "inode "
              + inode
              + ": the lease with epoch "
              + epoch
              + " is closed; what was written under it since the last commit is dropped");
    }
  }

  /** Closes the lease of an inode if there is one, and drops what was staged under it. */
  void end(long inode) {
    LeaseRow held = c.lease(inode);
    if (held == null) {
      return;
    }
    c.delete(Table.LEASES.key(inode));
    c.delete(Table.LEASE_EPOCHS.key(held.epoch()));
    c.delete(Table.CLIENT_LEASES.key(held.client(), held.epoch()));
    dropStaged(inode, 0);
  }

  /** Drops staged chunks from {@code first} on. */
  void dropStaged(long inode, int first) {
    List<Found<StagedRow>> staged =
        c.page(
            StagedRow.class,
            Table.STAGED.key(inode),
            Table.STAGED.key(inode, first),
            Integer.MAX_VALUE);
    for (Found<StagedRow> s : staged) {
      c.dropStaged(inode, Tables.index(s.key()), s.row());
    }
  }
}
