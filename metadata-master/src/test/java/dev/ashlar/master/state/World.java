package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.ashlar.master.state.LogCommand.ClientCommand;
import dev.ashlar.master.store.Applied;
import dev.ashlar.master.store.KeyValueStore;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** A state machine on a store, with a clock that only the test moves. */
final class World implements AutoCloseable {
  static final long CLIENT = 0x0c11e47;
  static final Tokens TOKENS =
      (chunk, version, rights, epoch, group) ->
          new BlockToken(chunk, version, rights, epoch, group, 1, 1, new byte[] {1});

  final KeyValueStore store;
  final Policy policy;
  long nowNs = 1_000_000_000L;
  private final MetadataState state = new MetadataState();
  private final Map<Long, Long> sequences = new HashMap<>();
  private long index;

  World(KeyValueStore store, String policy) {
    this.store = store;
    this.policy = Policy.parse(policy);
    apply(new LogCommand.InitCluster(77, policy, 1, new byte[] {1, 2, 3}));
  }

  /**
   * Servers s0, s1, ... with disks 100, 101, ...: one disk each, and one group over the first of
   * them.
   */
  World withGroup() {
    servers(policy.width(), 1);
    group(firstDisks());
    open(CLIENT);
    return this;
  }

  void servers(int servers, int disksEach) {
    for (int s = 0; s < servers; s++) {
      apply(new LogCommand.RegisterServer("s" + s, "host" + s + ":1", ""));
      for (int d = 0; d < disksEach; d++) {
        apply(
            new LogCommand.RegisterDisk(100 + s * disksEach + d, "s" + s, "/d" + d, "", 1L << 40));
      }
    }
  }

  long[] firstDisks() {
    long[] disks = new long[policy.width()];
    Arrays.setAll(disks, i -> 100 + i);
    return disks;
  }

  long group(long... disks) {
    done(apply(new LogCommand.CreateGroup(policy.toString(), disks)));
    return topology().groups().lastKey();
  }

  Message apply(LogCommand command) {
    try (WriteTxn txn = store.write()) {
      Message reply = state.apply(txn, command, nowNs);
      txn.setApplied(new Applied(1, ++index));
      txn.commit();
      return reply;
    }
  }

  void open(long client) {
    done(client(client, new Command.OpenSession("test")));
  }

  Message client(long client, Command command) {
    long seq = sequences.merge(client, 1L, Long::sum);
    return apply(new ClientCommand(client, seq, seq, command));
  }

  Message ask(Command command) {
    return client(CLIENT, command);
  }

  static void done(Message reply) {
    assertEquals(new MasterReply.Done(), reply);
  }

  static void refused(ErrorCode code, Message reply) {
    assertEquals(
        code,
        assertInstanceOf(ErrorReply.class, reply, () -> "expected " + code + " but got " + reply)
            .code());
  }

  static Attr attr(Message reply) {
    return assertInstanceOf(MasterReply.AttrReply.class, reply).attr();
  }

  static MasterReply.Opened opened(Message reply) {
    return assertInstanceOf(MasterReply.Opened.class, reply);
  }

  static List<ChunkPlace> allocated(Message reply) {
    return assertInstanceOf(MasterReply.Allocated.class, reply).chunks();
  }

  long mkdir(long parent, String name) {
    return attr(ask(new Command.Mkdir(parent, name, 0755, 0, 0))).inode();
  }

  /** A closed, empty file. */
  long touch(long parent, String name) {
    MasterReply.Opened o = create(parent, name);
    done(ask(new Command.ReleaseLease(o.attr().inode(), o.epoch())));
    return o.attr().inode();
  }

  MasterReply.Opened create(long parent, String name) {
    return opened(ask(new Command.Create(parent, name, 0644, 0, 0, true, "")));
  }

  List<ChunkPlace> allocate(MasterReply.Opened o, int first, int count, boolean fresh, long group) {
    long[] groups = new long[count];
    Arrays.fill(groups, group);
    return allocated(
        ask(
            new Command.Allocate(
                o.attr().inode(), o.epoch(), first, count, fresh, new long[0], groups)));
  }

  /** What a writer says that reached all its places but those in {@code lost}. */
  CommittedChunk sealed(ChunkPlace p, long length, long lost) {
    long member = 0;
    long replacement = 0;
    int[] roots = new int[policy.width()];
    for (int i = 0; i < policy.width(); i++) {
      roots[i] = root(p.chunk(), p.version(), i);
      BlockPlace b = p.blocks().get(i);
      if ((lost & 1L << i) == 0) {
        member |= b.replacement() ? 0 : 1L << i;
        replacement |= b.replacement() ? 1L << i : 0;
      }
    }
    return new CommittedChunk(
        p.index(),
        p.chunk(),
        p.version(),
        length,
        p.group(),
        p.groupEpoch(),
        member,
        replacement,
        roots);
  }

  static int root(long chunk, long version, int index) {
    return (int) (chunk * 1000 + version * 100 + index + 7);
  }

  Message commit(MasterReply.Opened o, long size, boolean release, CommittedChunk... chunks) {
    return ask(
        new Command.Commit(
            o.attr().inode(), o.epoch(), List.of(chunks), size, 5, Command.Link.NONE, release));
  }

  /** A committed, closed file of whole chunks. */
  long file(long parent, String name, int chunks, long group) {
    MasterReply.Opened o = create(parent, name);
    CommittedChunk[] sealed =
        allocate(o, 0, chunks, true, group).stream()
            .map(p -> sealed(p, policy.chunkBytes(), 0))
            .toArray(CommittedChunk[]::new);
    attr(commit(o, chunks * policy.chunkBytes(), true, sealed));
    return o.attr().inode();
  }

  <T> T read(Function<ReadTxn, T> query) {
    try (ReadTxn txn = store.read()) {
      return query.apply(txn);
    }
  }

  <T> T tables(Function<Tables, T> query) {
    return read(txn -> query.apply(new Tables(txn)));
  }

  /** A query that may fail. */
  interface Query<T> {
    T on(Queries queries) throws Exception;
  }

  <T> T query(Query<T> query) {
    return read(txn -> {
      try {
        return query.on(new Queries(txn));
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    });
  }

  Topology topology() {
    return read(Topology::load);
  }

  Rows.GroupRow group(long id) {
    return Objects.requireNonNull(topology().groups().get(id));
  }

  Rows.ChunkRow chunk(long inode, int chunkIndex) {
    return tables(t -> Objects.requireNonNull(t.chunk(inode, chunkIndex)));
  }

  int rows(byte[] prefix) {
    Integer rows = tables(t -> t.keys(prefix, Integer.MAX_VALUE).size());
    return rows;
  }

  boolean exists(long inode) {
    Boolean exists = tables(t -> t.inode(inode) != null);
    return exists;
  }

  long storedMask(long length) {
    return BlockLayout.storedMask(policy, length);
  }

  @Override
  public void close() {
    store.close();
  }
}
