package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.ClientCommand;
import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.master.state.NaiveFs.Node;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Rows.SliceRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One random history: what is sent, what the answer should be, and what follows from it. */
final class RandomHistory {
  private static final Policy POLICY = Policy.parse("rs-3-2");
  private static final long[] CLIENTS = {11, -12};
  private static final String[] NAMES = {"a", "b", "c", "ä".repeat(100)};

  private final Random random;
  private final World one;
  private final World two;
  private final NaiveFs model = new NaiveFs(POLICY.chunkBytes());
  private final Map<Long, Long> sequences = new HashMap<>();
  private final Map<Long, Long> acked = new HashMap<>();
  private final List<ClientCommand> unacked = new ArrayList<>();
  private final Map<ClientCommand, Message> replies = new HashMap<>();

  /** What was handed out, by "chunk version". */
  private final Map<String, ChunkPlace> places = new HashMap<>();

  private final DiskRecord disks = new DiskRecord(POLICY);

  @Nullable Object last;
  int done;
  private long nowNs = 1_000_000_000L;

  RandomHistory(long seed, World one, World two) {
    random = new Random(seed);
    this.one = one;
    this.two = two;
    for (World w : List.of(one, two)) {
      w.servers(12, 1);
      w.group(100, 101, 102, 103, 104);
      w.group(104, 105, 106, 107, 108);
    }
    for (long client : CLIENTS) {
      client(client, new Command.OpenSession("h"));
    }
  }

  void step(int i) {
    nowNs += random.nextInt(1000);
    one.nowNs = nowNs - (random.nextInt(10) == 0 ? 500 : 0);
    two.nowNs = one.nowNs;
    String before = i % 7 == 0 ? StateDump.effects(one) : "";
    Message reply =
        random.nextInt(100) < 20 ? cluster() : random.nextInt(100) < 3 ? again() : operation();
    if (reply instanceof ErrorReply && !before.isEmpty()) {
      assertEquals(before, StateDump.effects(one), "a refused command changed something");
    }
    done += reply instanceof ErrorReply ? 0 : 1;
    model.dropEmptyPacks();
    try (ReadTxn txn = one.store.read()) {
      Invariants.check(txn);
      disks.checkDeletions(txn);
      disks.checkBlocks(txn);
      if (i % 10 == 0) {
        StateDump.mustEqual(model, txn);
      }
    }
    if (i % 100 == 0) {
      assertEquals(StateDump.dump(one), StateDump.dump(two), "the replicas differ");
    }
  }

  // --- sending

  private Message both(LogCommand command) {
    last = command;
    Message a = one.apply(command);
    Message b = two.apply(command);
    assertEquals(
        HexFormat.of().formatHex(Encoding.encodeMessage(a)),
        HexFormat.of().formatHex(Encoding.encodeMessage(b)));
    return a;
  }

  private Message client(long client, Command command) {
    long seq = sequences.merge(client, 1L, Long::sum);
    if (random.nextInt(4) == 0) {
      acked.put(client, seq);
      unacked.removeIf(c -> c.client() == client);
    }
    ClientCommand c = new ClientCommand(client, seq, acked.getOrDefault(client, 0L), command);
    Message reply = both(c);
    unacked.add(c);
    replies.put(c, reply);
    return reply;
  }

  /** A repeated command is answered as before and does nothing. */
  private Message again() {
    if (unacked.isEmpty()) {
      return new MasterReply.Done();
    }
    ClientCommand c = unacked.get(random.nextInt(unacked.size()));
    Message first = Objects.requireNonNull(replies.get(c));
    if (first instanceof ErrorReply e && e.code() == ErrorCode.RETRY) {
      return e;
    }
    String before = StateDump.dump(one);
    assertEquals(
        HexFormat.of().formatHex(Encoding.encodeMessage(first)),
        HexFormat.of().formatHex(Encoding.encodeMessage(both(c))));
    assertEquals(before, StateDump.dump(one), "a repeated command did something");
    return first;
  }

  private void expect(@Nullable ErrorCode code, Message reply) {
    assertEquals(code, reply instanceof ErrorReply e ? e.code() : null, reply::toString);
  }

  // --- choosing

  private long anyInode() {
    List<Long> all = model.nodes.keySet().stream().sorted().toList();
    return random.nextInt(20) == 0 ? 9999 : all.get(random.nextInt(all.size()));
  }

  private long anyDirectory() {
    List<Long> all =
        model.nodes.keySet().stream().filter(i -> model.node(i).directory()).sorted().toList();
    return random.nextInt(20) == 0 ? anyInode() : all.get(random.nextInt(all.size()));
  }

  private long anyLeased() {
    List<Long> all =
        model.nodes.keySet().stream().filter(i -> model.node(i).epoch != 0).sorted().toList();
    return all.isEmpty() || random.nextInt(20) == 0
        ? anyInode()
        : all.get(random.nextInt(all.size()));
  }

  private String anyName() {
    return NAMES[random.nextInt(NAMES.length)];
  }

  private long anyClient() {
    return CLIENTS[random.nextInt(CLIENTS.length)];
  }

  // --- clients' commands

  private Message operation() {
    long client = anyClient();
    return switch (random.nextInt(21)) {
      case 0 -> mkdir(client);
      case 1, 2 -> create(client);
      case 3 -> unlink(client);
      case 4 -> rmdir(client);
      case 5, 6, 7 -> rename(client);
      case 8 -> hardLink(client);
      case 9 -> symlink(client);
      case 10 -> acquire(client);
      case 11 -> release();
      case 12 -> truncate();
      case 13 -> stage(client);
      case 14, 15 -> allocate();
      case 16 -> xattr(client);
      case 17, 18, 19 -> commitPack();
      default -> commit();
    };
  }

  private Message mkdir(long client) {
    long parent = anyDirectory();
    String name = anyName();
    ErrorCode code = model.free(parent, name);
    Message reply = client(client, new Command.Mkdir(parent, name, 0755, 1, 2));
    expect(code, reply);
    if (code == null) {
      model.add(parent, name, World.attr(reply).inode(), FileType.DIRECTORY);
    }
    return reply;
  }

  private Message create(long client) {
    long parent = anyDirectory();
    String name = anyName();
    boolean exclusive = random.nextBoolean();
    ErrorCode code = model.dir(parent);
    Node there = model.at(parent, name);
    if (code == null && there != null) {
      code =
          exclusive || there.type == FileType.SYMLINK
              ? ErrorCode.EXISTS
              : there.directory()
                  ? ErrorCode.IS_DIRECTORY
                  : there.epoch != 0 ? ErrorCode.LEASE_LOST : null;
    }
    Message reply = client(client, new Command.Create(parent, name, 0644, 1, 2, exclusive, ""));
    expect(code, reply);
    if (reply instanceof MasterReply.Opened o) {
      if (there == null) {
        model.add(parent, name, o.attr().inode(), FileType.FILE);
      }
      model.lease(o.attr().inode(), o.epoch(), client);
    }
    return reply;
  }

  private Message unlink(long client) {
    long parent = anyDirectory();
    String name = anyName();
    Message reply = client(client, new Command.Unlink(parent, name));
    expect(model.unlink(parent, name), reply);
    return reply;
  }

  private Message rmdir(long client) {
    long parent = anyDirectory();
    String name = anyName();
    Message reply = client(client, new Command.Rmdir(parent, name));
    expect(model.rmdir(parent, name), reply);
    return reply;
  }

  private Message rename(long client) {
    Command.Rename r =
        new Command.Rename(
            anyDirectory(),
            anyName(),
            anyDirectory(),
            anyName(),
            random.nextInt(5) == 0,
            random.nextInt(4) == 0);
    Message reply = client(client, r);
    expect(
        model.rename(r.parent(), r.name(), r.newParent(), r.newName(), r.noReplace(), r.exchange()),
        reply);
    return reply;
  }

  private Message hardLink(long client) {
    Command.HardLink h = new Command.HardLink(anyInode(), anyDirectory(), anyName());
    Message reply = client(client, h);
    expect(model.hardLink(h.inode(), h.parent(), h.name()), reply);
    return reply;
  }

  private Message symlink(long client) {
    long parent = anyDirectory();
    String name = anyName();
    ErrorCode code = model.free(parent, name);
    Message reply = client(client, new Command.Symlink(parent, name, "../x", 1, 2));
    expect(code, reply);
    if (code == null) {
      model.add(parent, name, World.attr(reply).inode(), FileType.SYMLINK);
      model.node(World.attr(reply).inode()).size = 4;
    }
    return reply;
  }

  private Message acquire(long client) {
    long inode = anyInode();
    ErrorCode code = model.file(inode);
    if (code == null && model.node(inode).epoch != 0) {
      code = ErrorCode.LEASE_LOST;
    }
    Message reply = client(client, new Command.AcquireLease(inode));
    expect(code, reply);
    if (reply instanceof MasterReply.Opened o) {
      model.lease(inode, o.epoch(), client);
    }
    return reply;
  }

  private Message release() {
    long inode = anyLeased();
    long client = anyClient();
    long epoch = epochOf(inode);
    ErrorCode code = model.leased(inode, epoch, client);
    Message reply = client(client, new Command.ReleaseLease(inode, epoch));
    expect(code, reply);
    if (code == null) {
      model.close(inode);
    }
    return reply;
  }

  private long epochOf(long inode) {
    Node n = model.nodes.get(inode);
    return n == null ? 3 : n.epoch + (random.nextInt(30) == 0 ? 1 : 0);
  }

  private Message truncate() {
    long inode = random.nextBoolean() ? anyLeased() : anyInode();
    long client = anyClient();
    long epoch = random.nextBoolean() ? 0 : epochOf(inode);
    long size = anySize();
    ErrorCode code = epoch == 0 ? null : model.leased(inode, epoch, client);
    code = code != null ? code : model.file(inode);
    if (code == null && epoch == 0 && model.node(inode).epoch != 0) {
      code = ErrorCode.LEASE_LOST;
    }
    Message reply = client(client, new Command.Truncate(inode, epoch, size, 9));
    expect(code, reply);
    if (code == null) {
      model.resize(model.node(inode), size);
    }
    return reply;
  }

  private long anySize() {
    long whole = random.nextInt(5) * POLICY.chunkBytes();
    return random.nextBoolean() ? whole : whole + random.nextInt((int) POLICY.chunkBytes());
  }

  private Message stage(long client) {
    long parent = anyDirectory();
    int chunks = random.nextInt(3);
    ErrorCode code = model.dir(parent);
    Message reply =
        client(client, new Command.Stage(parent, 0600, 3, 4, "", chunks, groups(chunks)));
    expect(code, reply);
    if (reply instanceof MasterReply.Opened o) {
      model.nodes.put(o.attr().inode(), new Node(FileType.FILE));
      model.lease(o.attr().inode(), o.epoch(), client);
      o.chunks().forEach(p -> staged(o.attr().inode(), p));
    }
    return reply;
  }

  private long[] groups(int count) {
    long[] groups = new long[count];
    Arrays.setAll(groups, i -> 1 + random.nextInt(2));
    return groups;
  }

  private void staged(long inode, ChunkPlace p) {
    String key = p.chunk() + " " + p.version();
    assertEquals(null, places.put(key, p), "a version was handed out twice");
    disks.handedOut(new DeletionKey(p.group(), p.chunk(), p.version()));
    model.node(inode).staged.put(p.index(), key);
  }

  private Message allocate() {
    long inode = anyLeased();
    long client = anyClient();
    long epoch = epochOf(inode);
    int count = 1 + random.nextInt(2);
    ErrorCode code = model.leased(inode, epoch, client);
    Message reply =
        client(
            client,
            new Command.Allocate(
                inode,
                epoch,
                random.nextInt(3),
                count,
                random.nextInt(3) == 0,
                new long[0],
                groups(count)));
    expect(code, reply);
    if (reply instanceof MasterReply.Allocated a) {
      a.chunks().forEach(p -> staged(inode, p));
    }
    return reply;
  }

  private Message xattr(long client) {
    long inode = anyInode();
    String name = "user." + anyName();
    Node n = model.nodes.get(inode);
    boolean remove = random.nextBoolean();
    ErrorCode code =
        n == null
            ? ErrorCode.NOT_FOUND
            : remove && !n.xattrs.containsKey(name) ? ErrorCode.NO_ATTRIBUTE : null;
    String value = "v" + random.nextInt();
    Message reply =
        client(
            client,
            remove
                ? new Command.RemoveXattr(inode, name)
                : new Command.SetXattr(
                    inode,
                    name,
                    value.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    false,
                    false));
    expect(code, reply);
    if (n != null && code == null) {
      if (remove) {
        n.xattrs.remove(name);
      } else {
        n.xattrs.put(name, value);
      }
    }
    return reply;
  }

  private Message commit() {
    long inode = anyLeased();
    Node n = model.nodes.get(inode);
    long client = n == null || n.client == 0 || random.nextInt(20) == 0 ? anyClient() : n.client;
    long epoch = epochOf(inode);
    List<CommittedChunk> chunks = new ArrayList<>();
    Map<Integer, Long> lengths = new TreeMap<>();
    long size = n == null ? 0 : random.nextInt(5) == 0 ? anySize() : n.size;
    for (int index : n == null ? List.<Integer>of() : List.copyOf(n.staged.keySet())) {
      if (random.nextInt(4) > 0) {
        ChunkPlace p =
            Objects.requireNonNull(places.get(Objects.requireNonNull(n).staged.get(index)));
        long length =
            random.nextBoolean()
                ? POLICY.chunkBytes()
                : 1 + random.nextInt((int) POLICY.chunkBytes());
        lengths.put(index, length);
        size = Math.max(size, index * POLICY.chunkBytes() + length);
        chunks.add(
            one.sealed(
                p, length, random.nextInt(2) == 0 ? 0 : 1L << random.nextInt(POLICY.width())));
      }
    }
    boolean release = random.nextBoolean();
    boolean link = random.nextInt(3) == 0;
    Command.Link name =
        link
            ? new Command.Link(anyDirectory(), anyName(), random.nextBoolean())
            : Command.Link.NONE;
    ErrorCode code = commitCode(inode, epoch, client, name, release);
    Message reply =
        client(client, new Command.Commit(inode, epoch, chunks, size, 8, name, release));
    if (reply instanceof ErrorReply e && e.code() == ErrorCode.CONFLICT && !lengths.isEmpty()) {
      return reply; // replacements left it too few blocks: judged by the record of blocks
    }
    expect(code, reply);
    if (code == null && n != null) {
      committed(inode, n, chunks, lengths, size, name, release);
    }
    return reply;
  }

  private @Nullable ErrorCode commitCode(
      long inode, long epoch, long client, Command.Link name, boolean release) {
    ErrorCode code = model.leased(inode, epoch, client);
    if (code != null) {
      return code;
    }
    boolean named = model.names(inode) > 0;
    if (name.parent() == 0) {
      return release && !named ? ErrorCode.INVALID : null;
    }
    if (named) {
      return ErrorCode.INVALID;
    }
    return model.linkable(name.parent(), name.name(), name.replace());
  }

  /** Small files, and moves of some that are packed already, some of them nonsense. */
  private Message commitPack() {
    List<Long> able =
        model.nodes.keySet().stream()
            .filter(i -> model.node(i).staged.containsKey(0) && model.names(i) == 0)
            .sorted()
            .toList();
    if (able.isEmpty()) {
      return stage(anyClient());
    }
    long inode = able.get(random.nextInt(able.size()));
    Node n = model.node(inode);
    ChunkPlace place = Objects.requireNonNull(places.get(n.staged.get(0)));
    long length = 1 + random.nextLong(1000);
    CommittedChunk chunk =
        one.sealed(
            place, length, random.nextInt(2) == 0 ? 0 : 1L << random.nextInt(POLICY.width()));
    long end = 0;
    List<Command.PackedFile> files = new ArrayList<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      long bytes = random.nextInt(4) == 0 ? 0 : random.nextLong(length - end + 1);
      String policy = random.nextInt(8) == 0 ? "rs-2-1" : "";
      Command.Link link = new Command.Link(anyDirectory(), anyName(), random.nextBoolean());
      files.add(new Command.PackedFile(link, 0640, 5, 6, policy, end, bytes, 7));
      end += bytes;
    }
    List<Command.PackedMove> moves = new ArrayList<>();
    for (long other : model.nodes.keySet().stream().sorted().toList()) {
      SliceRow slice = model.node(other).slice;
      if (slice != null && slice.length() <= length - end && random.nextBoolean()) {
        long wrong = random.nextInt(5) == 0 ? 1 : 0;
        moves.add(
            new Command.PackedMove(
                other, slice.pack(), slice.offset() + wrong, slice.length(), end));
        end += slice.length();
      }
    }
    long epoch = n.epoch + (random.nextInt(20) == 0 ? 1 : 0);
    long client = random.nextInt(20) == 0 ? anyClient() : n.client;
    ErrorCode code = model.leased(inode, epoch, client);
    code = code == null && n.changed ? ErrorCode.INVALID : code;
    Message reply =
        client(
            client,
            new Command.CommitPack(
                inode, epoch, List.of(chunk), files, moves, random.nextBoolean(), groups(1)));
    if (reply instanceof ErrorReply e && e.code() == ErrorCode.CONFLICT) {
      return reply; // as in a commit
    }
    expect(code, reply);
    if (reply instanceof MasterReply.Packed packed) {
      packed(inode, chunk, files, moves, packed);
      MasterReply.Opened next = packed.next();
      if (next != null) {
        model.nodes.put(next.attr().inode(), new Node(FileType.FILE));
        model.lease(next.attr().inode(), next.epoch(), client);
        next.chunks().forEach(p -> staged(next.attr().inode(), p));
      }
    }
    return reply;
  }

  private void packed(
      long inode,
      CommittedChunk chunk,
      List<Command.PackedFile> files,
      List<Command.PackedMove> moves,
      MasterReply.Packed reply) {
    Node staged = model.node(inode);
    onDisks(staged, chunk);
    Node pack = new Node(FileType.PACK);
    pack.chunks.put(0, chunk.length());
    pack.size = chunk.length();
    pack.xattrs.putAll(staged.xattrs);
    model.nodes.put(inode, pack);
    for (int i = 0; i < files.size(); i++) {
      Command.PackedFile f = files.get(i);
      ErrorCode code = model.linkable(f.link().parent(), f.link().name(), f.link().replace());
      code = code == null && !f.policy().isEmpty() ? ErrorCode.CONFLICT : code;
      MasterReply.PackedOutcome outcome = reply.outcomes().get(i);
      assertEquals(code, outcome.refusal() == null ? null : outcome.refusal().code());
      if (outcome.attr() != null) {
        Node made = new Node(FileType.FILE);
        made.size = f.length();
        made.slice = f.length() == 0 ? null : new SliceRow(inode, f.offset(), f.length());
        model.nodes.put(outcome.attr().inode(), made);
        model.replace(f.link().parent(), f.link().name(), outcome.attr().inode());
      }
    }
    for (Command.PackedMove m : moves) {
      Node file = model.nodes.get(m.inode());
      SliceRow slice = file == null ? null : file.slice;
      if (file != null
          && slice != null
          && slice.pack() == m.from()
          && slice.offset() == m.fromOffset()) {
        file.slice = new SliceRow(inode, m.offset(), slice.length());
      }
    }
  }

  private void onDisks(Node n, CommittedChunk c) {
    ChunkPlace p = Objects.requireNonNull(places.get(n.staged.remove(c.index())));
    for (int i = 0; i < POLICY.width(); i++) {
      if (Chunks.has(
          (c.onMember() | c.onReplacement()) & BlockLayout.storedMask(POLICY, c.length()), i)) {
        disks.has(c.chunk(), c.version(), i, p.blocks().get(i).disk());
      }
    }
  }

  private void committed(
      long inode,
      Node n,
      List<CommittedChunk> chunks,
      Map<Integer, Long> lengths,
      long size,
      Command.Link name,
      boolean release) {
    chunks.forEach(c -> onDisks(n, c));
    n.chunks.putAll(lengths);
    if (lengths.containsKey(0)) {
      n.slice = null;
    }
    model.resize(n, size);
    if (name.parent() != 0) {
      model.replace(name.parent(), name.name(), inode);
    }
    if (release) {
      model.close(inode);
    }
  }

  // --- the leader's commands

  private Message cluster() {
    return switch (random.nextInt(12)) {
      case 0 -> deletionsDone();
      case 1 -> random.nextInt(6) == 0 ? expire() : both(new LogCommand.Tick());
      case 2 -> closeLease();
      case 3, 4, 5 -> replacement();
      case 6 -> blockGone();
      default -> rebuild();
    };
  }

  private Message deletionsDone() {
    List<DeletionKey> keys = new ArrayList<>();
    one.query(q -> q.deletions(new DeletionKey(0, 0, 0), 1000)).forEach(d -> keys.add(d.key()));
    keys.removeIf(k -> random.nextBoolean());
    disks.deleted(keys);
    return both(new LogCommand.DeletionsDone(keys));
  }

  private Message expire() {
    long client = anyClient();
    Message reply = both(new LogCommand.ExpireSessions(new long[] {client}));
    model.closeClient(client);
    unacked.removeIf(c -> c.client() == client);
    expect(ErrorCode.SESSION_EXPIRED, client(client, new Command.Mkdir(1, "x", 0, 0, 0)));
    unacked.removeIf(c -> c.client() == client);
    World.done(client(client, new Command.OpenSession("again")));
    return reply;
  }

  private Message closeLease() {
    long inode = anyLeased();
    Node n = model.nodes.get(inode);
    Message reply = both(new LogCommand.CloseLeases(new long[] {n == null ? 0 : n.epoch}));
    if (n != null && n.epoch != 0) {
      model.close(inode);
    }
    return reply;
  }

  /** Mostly one that is being replaced. */
  private int anyIndex(GroupRow g) {
    int index = random.nextInt(POLICY.width());
    for (int i = 0; i < POLICY.width() && g.replacements()[index] == 0; i++) {
      index = random.nextInt(3) == 0 ? index : (index + 1) % POLICY.width();
    }
    return index;
  }

  private Message replacement() {
    GroupRow g = one.group(1 + random.nextInt(2));
    int index = anyIndex(g);
    long epoch = g.epoch() + (random.nextInt(20) == 0 ? 1 : 0);
    long disk =
        g.replacements()[index] != 0 && random.nextBoolean()
            ? g.replacements()[index]
            : 100 + random.nextInt(12);
    return switch (random.nextInt(8)) {
      case 0, 1, 2 ->
          both(new LogCommand.StartReplacement(g.id(), epoch, index, disk, random.nextBoolean()));
      case 3 -> both(new LogCommand.CancelReplacement(g.id(), epoch, index));
      case 4 ->
          random.nextInt(3) == 0
              ? both(new LogCommand.DropReplacement(g.id(), epoch, index))
              : both(new LogCommand.Tick());
      default -> both(new LogCommand.FinishReplacement(g.id(), epoch, index));
    };
  }

  /**
   * Mostly what a worker would do: everything that is owed to one target. Sometimes nonsense, which
   * must do no harm.
   */
  private Message rebuild() {
    GroupRow g = one.group(1 + random.nextInt(2));
    int index = anyIndex(g);
    List<DiskBlock> blocks = new ArrayList<>();
    for (Found<ChunkRow> f : one.tables(t -> t.all(ChunkRow.class, Table.CHUNKS.key()))) {
      ChunkRow row = f.row();
      if (row.group() == g.id() && random.nextInt(10) > 0) {
        long version = random.nextInt(20) == 0 ? row.version() + 1 : row.version();
        blocks.add(
            new DiskBlock(g.id(), new BlockKey(row.chunk(), version, index), g.target(index)));
        disks.has(row.chunk(), version, index, g.target(index));
      }
    }
    return both(new LogCommand.BlocksRebuilt(blocks));
  }

  private Message blockGone() {
    DiskRecord.Copy one = disks.loseAny(random);
    if (one == null) {
      return both(new LogCommand.Tick());
    }
    List<DiskBlock> blocks = new ArrayList<>();
    for (long group = 1; group <= 2; group++) {
      blocks.add(new DiskBlock(group, one.block(), one.disk()));
    }
    return both(new LogCommand.BlocksMissing(blocks));
  }
}
