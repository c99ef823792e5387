package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
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
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a master knows, as far as the client's content and sessions are concerned; names live in one
 * flat root directory. Refuses what breaks the contract.
 */
final class FakeMasterState {
  /** A chunk, committed or staged. */
  private static final class Chunk {
    long id;
    long version;
    long base;
    long stored;
    long valid;
    long group;
    List<Integer> servers = List.of();
    long present;
    int[] roots = new int[0];
  }

  private static final class File {
    Attr attr = new Attr(0, FileType.FILE, 0, 0, 0, 0, 0, 0, 0, 0, 0, "");
    long epoch;
    @Nullable File pack;
    long sliceOffset;
    long sliceLength;
    final TreeMap<Integer, Chunk> chunks = new TreeMap<>();
    final TreeMap<Integer, Chunk> staged = new TreeMap<>();
  }

  private record Result(MasterReply reply) {}

  private final List<FakeChunkServer> servers;
  private final Policy policy;
  private final Map<Long, File> files = new HashMap<>();
  private final Map<String, Long> names = new TreeMap<>();
  private final Map<Long, Map<Long, Result>> sessions = new HashMap<>();
  private long nextInode = 2;
  private long nextChunk = 1;
  private long nextEpoch = 1;
  private int nextServer;
  private IntFunction<Long> placed = index -> -1L;
  private final List<MasterRequest.ReportBad> reports = new ArrayList<>();
  private final Map<String, Integer> counts = new HashMap<>();

  FakeMasterState(List<FakeChunkServer> servers, Policy policy) {
    this.servers = servers;
    this.policy = policy;
  }

  synchronized MasterReply answer(MasterRequest request) throws AshlarException {
    counts.merge(request.getClass().getSimpleName(), 1, Integer::sum);
    return switch (request) {
      case MasterRequest.Submit s -> submit(s);
      case MasterRequest.Lookup l -> new MasterReply.AttrReply(named(l.name()).attr);
      case MasterRequest.GetAttr g -> new MasterReply.AttrReply(file(g.inode()).attr);
      case MasterRequest.Resolve r ->
          new MasterReply.Resolved(
              named(r.path().substring(1)).attr, Attr.ROOT, r.path().substring(1));
      case MasterRequest.GetLayout g -> layout(g);
      case MasterRequest.KeepAlive k -> {
        List<Long> lost = new ArrayList<>();
        for (long epoch : k.epochs()) {
          if (files.values().stream().noneMatch(f -> f.epoch == epoch)) {
            lost.add(epoch);
          }
        }
        yield new MasterReply.Alive(lost.stream().mapToLong(Long::longValue).toArray());
      }
      case MasterRequest.ReportBad r -> {
        reports.add(r);
        yield new MasterReply.Done();
      }
      default -> throw new AshlarException(ErrorCode.INVALID, "not in this test: " + request);
    };
  }

  private MasterReply submit(MasterRequest.Submit s) throws AshlarException {
    if (s.command() instanceof Command.OpenSession) {
      check(s.seq() == 1, "a session is opened with number 1");
      sessions.computeIfAbsent(s.client(), c -> new HashMap<>());
      return new MasterReply.Done();
    }
    Map<Long, Result> session = sessions.get(s.client());
    if (session == null) {
      throw new AshlarException(ErrorCode.SESSION_EXPIRED, "session " + s.client() + " is unknown");
    }
    check(s.ackedBelow() <= s.seq(), "the command itself is not answered yet");
    session.keySet().removeIf(seq -> seq < s.ackedBelow());
    Result known = session.get(s.seq());
    if (known != null) {
      return known.reply;
    }
    MasterReply reply = apply(s.command());
    session.put(s.seq(), new Result(reply));
    return reply;
  }

  /** Which blocks of a chunk have a server that can be written to; asked at each allocation. */
  synchronized void placed(IntFunction<Long> mask) {
    placed = mask;
  }

  /** Another file takes a name; the one that had it is gone. */
  synchronized void replace(String name, String by) {
    files.remove(names.get(name));
    names.put(name, names.remove(by));
  }

  synchronized void expireSessions() {
    sessions.clear();
    files.values().forEach(f -> f.epoch = 0);
  }

  private MasterReply apply(Command command) throws AshlarException {
    counts.merge(command.getClass().getSimpleName(), 1, Integer::sum);
    return switch (command) {
      case Command.Stage s -> stage(s.policy(), s.chunks());
      case Command.Create c -> {
        if (names.containsKey(c.name()) && c.exclusive()) {
          throw new AshlarException(ErrorCode.EXISTS, c.name() + " exists");
        }
        if (!names.containsKey(c.name())) {
          MasterReply.Opened made = stage(c.policy(), 0);
          names.put(c.name(), made.attr().inode());
          yield made;
        }
        yield acquire(named(c.name()));
      }
      case Command.AcquireLease a -> acquire(file(a.inode()));
      case Command.Allocate a -> {
        File file = leased(a.inode(), a.epoch());
        List<ChunkPlace> places = new ArrayList<>();
        for (int i = a.first(); i < a.first() + a.count(); i++) {
          places.add(allocate(file, i, a.fresh(), a.avoidGroups().length > 0));
        }
        yield new MasterReply.Allocated(places);
      }
      case Command.Commit c -> commit(c);
      case Command.CommitPack c -> commitPack(c);
      case Command.ReleaseLease r -> {
        File file = leased(r.inode(), r.epoch());
        file.epoch = 0;
        file.staged.clear();
        yield new MasterReply.Done();
      }
      case Command.Truncate t -> truncate(t);
      case Command.Unlink u -> {
        names.remove(u.name());
        yield new MasterReply.Done();
      }
      case Command.CloseSession _ -> new MasterReply.Done();
      default -> throw new AshlarException(ErrorCode.INVALID, "not in this test: " + command);
    };
  }

  private MasterReply.Opened stage(String policyText, int chunks) throws AshlarException {
    File file = new File();
    file.epoch = nextEpoch++;
    String text = policyText.isEmpty() ? policy.toString() : policyText;
    file.attr = new Attr(nextInode++, FileType.FILE, 0644, 0, 0, 0, 0, 1, 0, 0, 0, text);
    files.put(file.attr.inode(), file);
    List<ChunkPlace> places = new ArrayList<>();
    for (int i = 0; i < chunks; i++) {
      places.add(allocate(file, i, false, false));
    }
    return new MasterReply.Opened(file.attr, file.epoch, places);
  }

  private MasterReply.Opened acquire(File file) throws AshlarException {
    if (file.epoch != 0) {
      throw new AshlarException(ErrorCode.LEASE_LOST, "somebody else holds the lease");
    }
    file.epoch = nextEpoch++;
    return new MasterReply.Opened(file.attr, file.epoch, List.of());
  }

  private ChunkPlace allocate(File file, int index, boolean fresh, boolean elsewhere)
      throws AshlarException {
    Policy p = Policy.parse(file.attr.policy());
    Chunk committed = file.chunks.get(index);
    Chunk chunk = new Chunk();
    if (committed != null && !fresh) {
      chunk.id = committed.id;
      chunk.version = committed.version + 1;
      chunk.base = committed.version;
      chunk.stored = committed.stored;
      chunk.valid = committed.valid;
      chunk.group = committed.group;
      chunk.servers = committed.servers;
    } else {
      chunk.id = nextChunk++;
      chunk.version = 1;
      List<Integer> on = new ArrayList<>();
      if (elsewhere) {
        nextServer++;
      }
      for (int i = 0; i < p.width(); i++) {
        on.add((nextServer + i) % servers.size());
      }
      chunk.group = nextServer + 1L;
      chunk.servers = on;
    }
    file.staged.put(index, chunk);
    return place(index, chunk, placed.apply(index), file.epoch);
  }

  private ChunkPlace place(int index, Chunk chunk, long present, long epoch) {
    List<BlockPlace> places = new ArrayList<>();
    for (int i = 0; i < chunk.servers.size(); i++) {
      FakeChunkServer server = servers.get(chunk.servers.get(i));
      places.add(
          (present >> i & 1) == 1
              ? new BlockPlace(server.address(), server.disk(), false)
              : BlockPlace.NOWHERE);
    }
    BlockToken token =
        new BlockToken(
            chunk.id, chunk.version, 3, epoch, chunk.group, Long.MAX_VALUE, 1, new byte[32]);
    return new ChunkPlace(
        index,
        chunk.id,
        chunk.version,
        chunk.base,
        chunk.stored,
        chunk.valid,
        chunk.group,
        1,
        places,
        chunk.roots,
        token);
  }

  private MasterReply commit(Command.Commit c) throws AshlarException {
    File file = leased(c.inode(), c.epoch());
    commitChunks(file, c.chunks());
    Attr a = file.attr;
    int links = a.links();
    if (c.link().parent() != 0) {
      if (!c.link().replace() && names.containsKey(c.link().name())) {
        throw new AshlarException(ErrorCode.EXISTS, c.link().name() + " exists");
      }
      names.put(c.link().name(), a.inode());
      links = 1;
    }
    file.attr = changed(a, links, c.size(), c.modifiedNs());
    if (c.release()) {
      file.epoch = 0;
      file.staged.clear();
    }
    return new MasterReply.AttrReply(file.attr);
  }

  private MasterReply commitPack(Command.CommitPack c) throws AshlarException {
    File pack = c.inode() == 0 ? new File() : leased(c.inode(), c.epoch());
    if (c.inode() != 0) {
      commitChunks(pack, c.chunks());
      pack.epoch = 0;
      pack.staged.clear();
      pack.attr = changed(pack.attr, 0, c.chunks().getFirst().length(), 1);
    }
    List<MasterReply.PackedOutcome> outcomes = new ArrayList<>();
    for (Command.PackedFile f : c.files()) {
      if (names.containsKey(f.link().name()) && !f.link().replace()) {
        outcomes.add(
            new MasterReply.PackedOutcome(
                null, new ErrorReply(ErrorCode.EXISTS, f.link().name() + " exists")));
        continue;
      }
      File file = file(stage(f.policy(), 0).attr().inode());
      file.epoch = 0;
      file.attr = changed(file.attr, 1, f.length(), f.modifiedNs());
      if (f.length() > 0) {
        file.pack = pack;
        file.sliceOffset = f.offset();
        file.sliceLength = f.length();
      }
      names.put(f.link().name(), file.attr.inode());
      outcomes.add(new MasterReply.PackedOutcome(file.attr, null));
    }
    return new MasterReply.Packed(outcomes, c.next() ? stage(pack.attr.policy(), 1) : null);
  }

  private static Attr changed(Attr a, int links, long size, long modifiedNs) {
    return new Attr(
        a.inode(),
        a.type(),
        a.mode(),
        0,
        0,
        links,
        size,
        a.version() + 1,
        0,
        modifiedNs,
        0,
        a.policy());
  }

  private void commitChunks(File file, List<CommittedChunk> chunks) throws AshlarException {
    Policy p = Policy.parse(file.attr.policy());
    for (CommittedChunk done : chunks) {
      Chunk staged = file.staged.get(done.index());
      if (staged == null
          || staged.id != done.chunk()
          || staged.version != done.version()
          || staged.group != done.group()) {
        throw new AshlarException(
            ErrorCode.CONFLICT, "chunk " + done.index() + " is not staged so");
      }
      long mask = done.onMember() | done.onReplacement();
      check(Long.bitCount(mask) >= p.minimumBlocks(), "too few blocks of chunk " + done.index());
      for (int i = 0; i < p.width(); i++) {
        long length = BlockLayout.blockLength(p, done.length(), i);
        FakeChunkServer.Block block =
            servers.get(staged.servers.get(i)).block(new BlockKey(done.chunk(), done.version(), i));
        if ((mask >> i & 1) == 1 && length > 0) {
          check(
              block != null
                  && block.sealed
                  && block.data.length == length
                  && block.root() == done.roots()[i],
              "block " + i + " of chunk " + done.index() + " is not sealed as said");
        }
        check(length > 0 || done.roots()[i] == 0, "a block without bytes has a root");
      }
      file.staged.remove(done.index());
      staged.stored = done.length();
      staged.valid = done.length();
      staged.present = mask;
      staged.roots = done.roots();
      staged.base = 0;
      file.chunks.put(done.index(), staged);
      if (done.index() == 0) {
        file.pack = null;
      }
    }
  }

  private MasterReply truncate(Command.Truncate t) throws AshlarException {
    File file = file(t.inode());
    check(file.epoch == t.epoch(), "leased by somebody else");
    long chunkBytes = Policy.parse(file.attr.policy()).chunkBytes();
    file.chunks.keySet().removeIf(index -> index * chunkBytes >= t.size());
    file.chunks.forEach(
        (index, chunk) -> chunk.valid = Math.min(chunk.valid, t.size() - index * chunkBytes));
    file.sliceLength = Math.min(file.sliceLength, t.size());
    file.attr = changed(file.attr, file.attr.links(), t.size(), t.modifiedNs());
    return new MasterReply.AttrReply(file.attr);
  }

  private MasterReply layout(MasterRequest.GetLayout g) throws AshlarException {
    File file = file(g.inode());
    List<ChunkPlace> places = new ArrayList<>();
    file.chunks
        .subMap(g.first(), g.first() + g.count())
        .forEach((index, chunk) -> places.add(place(index, chunk, chunk.present, 0)));
    File pack = file.pack;
    Chunk packed = pack == null ? null : pack.chunks.get(0);
    return new MasterReply.Layout(
        file.attr,
        places,
        pack == null || packed == null
            ? null
            : new MasterReply.Slice(
                pack.attr,
                place(0, packed, packed.present, 0),
                file.sliceOffset,
                file.sliceLength));
  }

  private File file(long inode) throws AshlarException {
    File file = files.get(inode);
    if (file == null) {
      throw new AshlarException(ErrorCode.NOT_FOUND, "no inode " + inode);
    }
    return file;
  }

  private File named(String name) throws AshlarException {
    Long inode = names.get(name);
    if (inode == null) {
      throw new AshlarException(ErrorCode.NOT_FOUND, name + " is not there");
    }
    return file(inode);
  }

  private File leased(long inode, long epoch) throws AshlarException {
    File file = file(inode);
    if (file.epoch != epoch) {
      throw new AshlarException(ErrorCode.LEASE_LOST, "epoch " + epoch + " is closed");
    }
    return file;
  }

  private static void check(boolean good, String what) throws AshlarException {
    if (!good) {
      throw new AshlarException(ErrorCode.CONFLICT, what);
    }
  }

  synchronized @Nullable Integer serverOf(long inode, int chunk, int block) {
    File file = files.get(inode);
    Chunk c = file == null ? null : file.chunks.get(chunk);
    return c == null ? null : c.servers.get(block);
  }

  synchronized long present(long inode, int chunk) {
    File file = files.get(inode);
    Chunk c = file == null ? null : file.chunks.get(chunk);
    return c == null ? 0 : c.present;
  }

  synchronized List<BlockKey> reportedBlocks() {
    return reports.stream().map(MasterRequest.ReportBad::block).toList();
  }

  /** How often a request was asked, or a command took effect. */
  synchronized int count(String type) {
    return counts.getOrDefault(type, 0);
  }

  synchronized int stagedChunks() {
    return files.values().stream().mapToInt(f -> f.staged.size()).sum();
  }
}
