package dev.ashlar.master.state;

import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.Rows.DeletionRow;
import dev.ashlar.master.state.Rows.SessionRow;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import dev.ashlar.protocol.message.Message;
import java.util.List;

/** Answers over one read transaction. Make one per request; cheap. Not thread-safe. Linearizability is the caller's: open the transaction after the barrier. */
public final class Queries {
  public Queries(ReadTxn txn) {}

  // --- namespace
  public MasterReply.Resolved resolve(String path, boolean followLast) throws AshlarException { throw new IllegalStateException(); }
  public Attr lookup(long parent, String name) throws AshlarException { throw new IllegalStateException(); }
  public Attr attr(long inode) throws AshlarException { throw new IllegalStateException(); }
  public MasterReply.Entries readDir(long inode, String after, int limit) throws AshlarException { throw new IllegalStateException(); }
  public String readLink(long inode) throws AshlarException { throw new IllegalStateException(); }
  public byte[] xattr(long inode, String name) throws AshlarException { throw new IllegalStateException(); }
  public List<String> xattrs(long inode) throws AshlarException { throw new IllegalStateException(); }
  /** One path of an inode, for people; "(staged)" without one. */
  public String path(long inode) { throw new IllegalStateException(); }

  // --- chunks
  public MasterReply.Layout layout(long inode, int first, int count, ClusterView view, Tokens tokens) throws AshlarException { throw new IllegalStateException(); }
  public MasterReply.Files scanFiles(long after, int limit, ClusterView view, Tokens tokens) { throw new IllegalStateException(); }
  /** Fills addresses, NOWHERE and write tokens into a reply of {@link MetadataState#apply} (Opened, Allocated); others are returned as they are. */
  public static Message complete(Message reply, ClusterView view, Tokens tokens) { throw new IllegalStateException(); }

  // --- clients
  /** Those of {@code epochs} that are closed or belong to another client. */
  public long[] lostEpochs(long client, long[] epochs) { throw new IllegalStateException(); }
  public record Lease(long epoch, long inode, long client) {}
  /** All open leases (a new leader gives each a full term). */
  public List<Lease> leases() { throw new IllegalStateException(); }
  public record Session(long client, SessionRow row) {}
  public List<Session> sessions(long afterClient, int limit) { throw new IllegalStateException(); }

  // --- disks
  public record Deletion(DeletionKey key, DeletionRow row) {}
  public List<Deletion> deletions(DeletionKey after, int limit) { throw new IllegalStateException(); }
  /** What the sealed blocks of this group on this disk should add up to. */
  public GroupDigest digest(long disk, long group) { throw new IllegalStateException(); }

  /**
   * @param delete garbage
   * @param absent should be there but are not in the report: have them verified (the report may be older than a commit) before BlocksMissing
   * @param found good blocks that count as missing: propose BlocksRebuilt
   * @param wrong sealed, but not what the writer committed: propose BlocksMissing
   */
  public record Judgement(List<BlockKey> delete, List<BlockKey> absent, List<BlockKey> found, List<BlockKey> wrong) {}
  /** Judges the full list of one group's blocks on a disk. */
  public Judgement judge(long disk, long group, List<BlockEntry> blocks) { throw new IllegalStateException(); }
}
