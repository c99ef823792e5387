package dev.ashlar.master.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.Rows.DeletionRow;
import dev.ashlar.master.state.Rows.EntryRow;
import dev.ashlar.master.state.Rows.InodeRow;
import dev.ashlar.master.state.Rows.LeaseOwner;
import dev.ashlar.master.state.Rows.PackRow;
import dev.ashlar.master.state.Rows.SessionRow;
import dev.ashlar.master.state.Rows.SliceRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import dev.ashlar.protocol.message.MasterRequest.ScanFiles;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Answers over one read transaction. Make one per request; cheap. Not thread-safe. Linearizability
 * is the caller's: open the transaction after the barrier.
 */
public final class Queries {
  public static final int MAX_ENTRIES = 10_000;
  public static final int MAX_LAYOUT = 1_000;

  /** Most blocks that {@link #explain} is asked about. */
  private static final int MAX_EXPLAINED = 1_000;

  /** Files of a pack that {@link #path} names. */
  private static final int SHOWN_FILES = 3;

  /**
   * Most blocks whose places are in one page of {@link #scanFiles}: a fraction of what an answer
   * may hold.
   */
  static final int SCAN_BLOCKS = 9_000;

  private final ReadTxn txn;
  private final Tables t;

  public Queries(ReadTxn txn) {
    this.txn = txn;
    this.t = new Tables(txn);
  }

  private static <T> T asked(Supplier<T> query) throws AshlarException {
    try {
      return query.get();
    } catch (Refusal refusal) {
      throw refusal.exception();
    }
  }

  // --- namespace

  public MasterReply.Resolved resolve(String path, boolean followLast) throws AshlarException {
    return asked(() -> new PathWalk(t, path, followLast).walk());
  }

  /** Knows "." and ".." too. */
  public Attr lookup(long parent, String name) throws AshlarException {
    return asked(() -> {
      InodeRow directory = Inodes.directory(t, parent);
      return switch (name) {
        case "." -> directory.attr();
        case ".." ->
            directory.parent() == 0
                ? directory.attr()
                : Inodes.existing(t, directory.parent()).attr();
        default -> {
          Inodes.validName(name);
          yield Inodes.existing(t, Inodes.entry(t, parent, name).inode()).attr();
        }
      };
    });
  }

  public Attr attr(long inode) throws AshlarException {
    return asked(() -> Inodes.existing(t, inode).attr());
  }

  public MasterReply.Entries readDir(long inode, String after, int limit) throws AshlarException {
    return asked(() -> {
      Inodes.directory(t, inode);
      limit(limit, MAX_ENTRIES);
      if (!after.isEmpty()) {
        Inodes.validName(after);
      }
      byte[] prefix = Table.ENTRIES.key(inode);
      byte[] from = after.isEmpty() ? prefix : Keys.next(Table.ENTRIES.key(inode, after));
      List<Found<EntryRow>> page = t.page(EntryRow.class, prefix, from, limit + 1);
      List<MasterReply.Entry> entries = new ArrayList<>();
      for (Found<EntryRow> f : page.subList(0, Math.min(limit, page.size()))) {
        entries.add(
            new MasterReply.Entry(
                Keys.name(f.key(), 1), Inodes.existing(t, f.row().inode()).attr()));
      }
      return new MasterReply.Entries(entries, page.size() > limit);
    });
  }

  public String readLink(long inode) throws AshlarException {
    return asked(() -> {
      InodeRow row = Inodes.existing(t, inode);
      if (row.attr().type() != FileType.SYMLINK) {
        throw new Refusal(ErrorCode.INVALID, Inodes.path(t, inode) + ": is not a symbolic link");
      }
      return row.target();
    });
  }

  /** {@code ashlar.policy} can be read of files as well as directories. */
  public byte[] xattr(long inode, String name) throws AshlarException {
    return asked(() -> {
      InodeRow row = Inodes.existing(t, inode);
      byte[] value =
          name.equals(Attributes.POLICY)
              ? row.attr().policy().isEmpty() ? null : row.attr().policy().getBytes(UTF_8)
              : name.isEmpty() || name.getBytes(UTF_8).length > Keys.MAX_NAME_BYTES
                  ? null
                  : t.bytes(Inodes.xattrKey(inode, name));
      if (value == null) {
        throw Attributes.noAttribute(t, inode, name);
      }
      return value;
    });
  }

  /** The policy of a file is not listed: copying it with all listed attributes must work. */
  public List<String> xattrs(long inode) throws AshlarException {
    return asked(() -> {
      InodeRow row = Inodes.existing(t, inode);
      List<String> names = new ArrayList<>();
      if (row.attr().isDirectory() && !row.attr().policy().isEmpty()) {
        names.add(Attributes.POLICY);
      }
      t.keys(Table.XATTRS.key(inode), Integer.MAX_VALUE).forEach(k -> names.add(Keys.name(k, 1)));
      return names;
    });
  }

  /** One path of an inode, for people; "(staged)" without one; of a pack some of its files'. */
  public String path(long inode) {
    InodeRow row = t.inode(inode);
    return row == null || row.attr().type() != FileType.PACK
        ? Inodes.path(t, inode)
        : packPath(inode);
  }

  private String packPath(long pack) {
    List<String> some =
        t.packFiles(pack, SHOWN_FILES).stream().map(f -> Inodes.path(t, f)).toList();
    PackRow row = t.pack(pack);
    long others = (row == null ? 0 : row.files()) - some.size();
    return "pack "
        + pack
        + " of "
        + String.join(", ", some)
        + (others > 0 ? " and " + others + " others" : "");
  }

  /** The paths of a file, or of the files of a pack, at most {@code limit}. */
  public List<String> paths(long inode, int limit) {
    InodeRow row = t.inode(inode);
    return row == null || row.attr().type() != FileType.PACK
        ? List.of(Inodes.path(t, inode))
        : t.packFiles(inode, limit).stream().map(f -> Inodes.path(t, f)).toList();
  }

  // --- chunks

  public MasterReply.Layout layout(
      long inode, int first, int count, ClusterView view, Tokens tokens) throws AshlarException {
    return asked(() -> {
      InodeRow row = Inodes.existing(t, inode);
      Attr attr = row.attr().type() == FileType.PACK ? row.attr() : Inodes.file(t, inode).attr();
      limit(count, MAX_LAYOUT);
      if (first < 0) {
        throw new Refusal(ErrorCode.INVALID, "There is no chunk " + first);
      }
      return new MasterReply.Layout(
          attr,
          places(inode, first, count, first + (long) count, view, tokens),
          slice(inode, view, tokens));
    });
  }

  private MasterReply.@Nullable Slice slice(long inode, ClusterView view, Tokens tokens) {
    SliceRow slice = t.slice(inode);
    if (slice == null) {
      return null;
    }
    ChunkPlace chunk = places(slice.pack(), 0, 1, 1, view, tokens).getFirst();
    return new MasterReply.Slice(
        Inodes.existing(t, slice.pack()).attr(), chunk, slice.offset(), slice.length());
  }

  /** Whether there is such an inode. */
  public boolean exists(long inode) {
    return t.inode(inode) != null;
  }

  public MasterReply.Packs packs(long after, int limit) throws AshlarException {
    return asked(() -> {
      limit(limit, MAX_ENTRIES);
      List<Found<PackRow>> page =
          t.page(
              PackRow.class, Table.PACKS.key(), Table.PACKS.key(Math.max(0, after) + 1), limit + 1);
      return new MasterReply.Packs(
          page.subList(0, Math.min(limit, page.size())).stream()
              .map(f ->
                  new MasterReply.Pack(
                      Inodes.existing(t, Keys.number(f.key(), 0)).attr(),
                      f.row().files(),
                      f.row().liveBytes()))
              .toList(),
          page.size() > limit);
    });
  }

  public MasterReply.PackFiles packFiles(long pack) throws AshlarException {
    return asked(() -> {
      if (t.pack(pack) == null) {
        throw new Refusal(ErrorCode.NOT_FOUND, "inode " + pack + " is no pack (any more)");
      }
      List<MasterReply.PackFile> files = new ArrayList<>();
      for (long inode : t.packFiles(pack, Integer.MAX_VALUE)) {
        SliceRow slice = t.slice(inode);
        if (slice != null) {
          files.add(new MasterReply.PackFile(inode, slice.offset(), slice.length()));
        }
      }
      return new MasterReply.PackFiles(files);
    });
  }

  private List<ChunkPlace> places(
      long inode, int first, int limit, long end, ClusterView view, Tokens tokens) {
    List<ChunkPlace> places = new ArrayList<>();
    for (Found<Rows.ChunkRow> f : t.chunks(inode, first, limit)) {
      if (Tables.index(f.key()) < end) {
        places.add(
            Places.reading(Tables.index(f.key()), f.row(), t.groupOf(f.row()), view, tokens));
      }
    }
    return places;
  }

  /** One page of files with their chunks; a file of many chunks takes several pages. */
  public MasterReply.Files scanFiles(ScanFiles asked, ClusterView view, Tokens tokens)
      throws AshlarException {
    return asked(() -> {
      limit(asked.limit(), MAX_ENTRIES);
      if (asked.firstChunk() < 0 || asked.chunks() < 0) {
        throw new Refusal(ErrorCode.INVALID, "There is no chunk, and no number of chunks, below 0");
      }
      List<InodeRow> files = filesBehind(Math.max(0, asked.after()), asked.limit() + 1);
      List<MasterReply.FileChunks> page = new ArrayList<>();
      int blocks = 0;
      for (InodeRow row : files) {
        int width = Policies.of(row.attr().policy()).width();
        int room = (SCAN_BLOCKS - blocks) / width;
        if (page.size() == asked.limit() || room == 0) {
          return new MasterReply.Files(page, true, 0);
        }
        long inode = row.attr().inode();
        int most = asked.chunks() == 0 ? room : Math.min(room, asked.chunks());
        int first = asked.continues(inode) ? asked.firstChunk() : 0;
        List<ChunkPlace> places = places(inode, first, most + 1, Long.MAX_VALUE, view, tokens);
        boolean rest = places.size() > most;
        SliceRow slice = t.slice(inode);
        page.add(
            new MasterReply.FileChunks(
                row.attr(),
                path(inode),
                rest ? places.subList(0, most) : places,
                slice == null ? 0 : slice.pack()));
        if (rest) {
          return new MasterReply.Files(page, true, places.getLast().index());
        }
        blocks += places.size() * width;
      }
      return new MasterReply.Files(page, false, 0);
    });
  }

  private List<InodeRow> filesBehind(long after, int limit) {
    List<InodeRow> files = new ArrayList<>();
    txn.scan(
        Table.INODES.key(after + 1),
        Keys.after(Table.INODES.key()),
        (key, value) -> {
          InodeRow row = Encoding.decode(InodeRow.class, value);
          if (row.attr().type() == FileType.FILE || row.attr().type() == FileType.PACK) {
            files.add(row);
          }
          return files.size() < limit;
        });
    return files;
  }

  /**
   * Fills addresses, NOWHERE and write tokens into a reply of {@link MetadataState#apply} (Opened,
   * Allocated); others are returned as they are.
   */
  public static Message complete(Message reply, ClusterView view, Tokens tokens) {
    return switch (reply) {
      case MasterReply.Opened o ->
          new MasterReply.Opened(o.attr(), o.epoch(), writing(o.chunks(), view, tokens));
      case MasterReply.Allocated a -> new MasterReply.Allocated(writing(a.chunks(), view, tokens));
      case MasterReply.Packed(List<MasterReply.PackedOutcome> outcomes, MasterReply.Opened next)
          when next != null ->
          new MasterReply.Packed(
              outcomes,
              new MasterReply.Opened(
                  next.attr(), next.epoch(), writing(next.chunks(), view, tokens)));
      default -> reply;
    };
  }

  private static List<ChunkPlace> writing(
      List<ChunkPlace> places, ClusterView view, Tokens tokens) {
    return places.stream().map(p -> Places.writing(p, view, tokens)).toList();
  }

  /**
   * The policy for which this command needs placement groups chosen before it is proposed, or null
   * if it needs none.
   */
  public @Nullable Policy placementPolicy(Command command) throws AshlarException {
    return asked(() ->
        switch (command) {
          case Command.Stage s when s.chunks() != 0 ->
              Inodes.policyFor(t, s.policyParent(), s.policy());
          case Command.Allocate a when a.count() > 0 && a.count() <= Staging.MAX_CHUNKS ->
              needsGroups(a) ? filePolicy(a.inode()) : null;
          case Command.CommitPack c when c.next() -> filePolicy(c.inode());
          default -> null;
        });
  }

  /**
   * Null for what is no file (any more): a repeated commit finds its pack made, a writer whose
   * lease was closed is to be told that, and not that its staged file is gone.
   */
  private @Nullable Policy filePolicy(long inode) {
    InodeRow row = t.inode(inode);
    return row == null || row.attr().type() != FileType.FILE
        ? null
        : Inodes.policy(row.attr().policy());
  }

  private boolean needsGroups(Command.Allocate a) {
    for (int i = 0; i < a.count(); i++) {
      if (a.fresh() || t.chunk(a.inode(), a.first() + i) == null) {
        return true;
      }
    }
    return false;
  }

  /**
   * Fills what the leader chooses.
   *
   * @param policy what {@link #placementPolicy} said
   * @throws AshlarException see {@link Placement#choose}
   */
  public static Command fill(
      Command command, @Nullable Policy policy, Placement placement, RandomGenerator random)
      throws AshlarException {
    return switch (command) {
      case Command.Stage s ->
          new Command.Stage(
              s.policyParent(),
              s.mode(),
              s.uid(),
              s.gid(),
              s.policy(),
              s.chunks(),
              chosen(policy, s.chunks(), new long[0], placement, random));
      case Command.Allocate a ->
          new Command.Allocate(
              a.inode(),
              a.epoch(),
              a.first(),
              a.count(),
              a.fresh(),
              a.avoidGroups(),
              chosen(policy, a.count(), a.avoidGroups(), placement, random));
      case Command.CommitPack c when c.next() ->
          staging(
              c, policy == null ? new long[0] : chosen(policy, 1, new long[0], placement, random));
      default -> command;
    };
  }

  /** The same commit, with these groups for what it stages beside; none: it stages nothing. */
  public static Command.CommitPack staging(Command.CommitPack c, long[] groups) {
    return new Command.CommitPack(
        c.inode(), c.epoch(), c.chunks(), c.files(), c.moves(), groups.length > 0, groups);
  }

  private static long[] chosen(
      @Nullable Policy policy, int count, long[] avoid, Placement placement, RandomGenerator random)
      throws AshlarException {
    if (policy == null || count < 1 || count > Staging.MAX_CHUNKS) {
      return new long[Math.clamp(count, 0, Staging.MAX_CHUNKS)];
    }
    return placement.choose(policy, count, avoid, random);
  }

  // --- clients

  /** Those of {@code epochs} that are closed or belong to another client. */
  public long[] lostEpochs(long client, long[] epochs) {
    return Arrays.stream(epochs)
        .filter(e -> {
          LeaseOwner owner = t.leaseOwner(e);
          return owner == null || owner.client() != client;
        })
        .toArray();
  }

  /** An open lease. */
  public record Lease(long epoch, long inode, long client) {}

  /** All open leases (a new leader gives each a full term). */
  public List<Lease> leases() {
    return t.all(LeaseOwner.class, Table.LEASE_EPOCHS.key()).stream()
        .map(f -> new Lease(Keys.number(f.key(), 0), f.row().inode(), f.row().client()))
        .toList();
  }

  /** A client that has a session. */
  public record Session(long client, SessionRow row) {}

  /**
   * Sessions after that of {@code afterClient} (0: from the start), at most {@code limit}. Client
   * ids count as unsigned.
   */
  public List<Session> sessions(long afterClient, int limit) {
    byte[] prefix = Table.SESSIONS.key();
    byte[] from = afterClient == 0 ? prefix : Keys.next(Table.SESSIONS.key(afterClient));
    return t.page(SessionRow.class, prefix, from, limit).stream()
        .map(f -> new Session(Keys.number(f.key(), 0), f.row()))
        .toList();
  }

  // --- disks

  /** Something to delete. */
  public record Deletion(DeletionKey key, DeletionRow row) {}

  /** Deletions after {@code after} (zeros: from the start) in key order, at most {@code limit}. */
  public List<Deletion> deletions(DeletionKey after, int limit) {
    byte[] prefix = Table.DELETIONS.key();
    byte[] from = Keys.next(Table.DELETIONS.key(after.group(), after.chunk(), after.version()));
    return t.page(DeletionRow.class, prefix, from, limit).stream()
        .map(f ->
            new Deletion(
                new DeletionKey(
                    Keys.number(f.key(), 0), Keys.number(f.key(), 1), Keys.number(f.key(), 2)),
                f.row()))
        .toList();
  }

  /** The group of a committed chunk that this disk may have a block of; empty if there is none. */
  public OptionalLong groupOf(Topology topology, long disk, long chunk) {
    return topology.groups().values().stream()
        .filter(g -> Places.indexOf(g, disk) >= 0)
        .mapToLong(Rows.GroupRow::id)
        .filter(g -> t.owner(g, chunk) != null)
        .findFirst();
  }

  /**
   * What the sealed blocks of this group on this disk should add up to. Reads every chunk of the
   * group.
   */
  public GroupDigest digest(long disk, long group) {
    return new Reports(t).digest(disk, group);
  }

  /**
   * What a block report says.
   *
   * @param delete garbage
   * @param absent should be there but are not in the report: have them verified (the report may be
   *     older than a commit) before BlocksMissing
   * @param found good blocks that count as missing: propose BlocksRebuilt
   * @param wrong sealed, but not what the writer committed: propose BlocksMissing
   */
  public record Judgement(
      List<BlockKey> delete, List<BlockKey> absent, List<BlockKey> found, List<BlockKey> wrong) {}

  /**
   * Why blocks may be on a disk, one answer each, at most {@value #MAX_EXPLAINED}. Changes nothing.
   */
  public MasterReply.Explained explain(long disk, List<BlockEntry> blocks) throws AshlarException {
    return asked(() -> {
      limit(blocks.size() + 1, MAX_EXPLAINED + 1);
      Reports reports = new Reports(t);
      return new MasterReply.Explained(blocks.stream().map(b -> reports.fate(disk, b)).toList());
    });
  }

  /**
   * Judges all of one group's blocks on a disk whose chunks are in a range. The transaction must be
   * newer than the report. Reads every chunk of the group in the range.
   *
   * @param from first chunk id of the range
   * @param to end of the range, not in it; 0 if it has none
   */
  public Judgement judge(long disk, long group, List<BlockEntry> blocks, long from, long to) {
    return new Reports(t).judge(disk, group, blocks, from, to);
  }

  private static void limit(int asked, int most) {
    if (asked < 1 || asked > most) {
      throw new Refusal(
          ErrorCode.INVALID, "Between 1 and " + most + " can be asked for at once, not " + asked);
    }
  }
}
