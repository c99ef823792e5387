package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.NaiveFs.Node;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Random commands on the content of files, and what they should answer. */
final class ContentActions {
  private final HistoryRun run;

  ContentActions(HistoryRun run) {
    this.run = run;
  }

  Message acquire(long client) {
    long inode = run.anyInode();
    ErrorCode code = run.model.file(inode);
    if (code == null && run.model.node(inode).epoch != 0) {
      code = ErrorCode.LEASE_LOST;
    }
    Message reply = run.client(client, new Command.AcquireLease(inode));
    run.expect(code, reply);
    if (reply instanceof MasterReply.Opened o) {
      run.model.lease(inode, o.epoch(), client);
    }
    return reply;
  }

  Message release() {
    long inode = run.anyLeased();
    long client = run.anyClient();
    long epoch = run.epochOf(inode);
    ErrorCode code = run.model.leased(inode, epoch, client);
    Message reply = run.client(client, new Command.ReleaseLease(inode, epoch));
    run.expect(code, reply);
    if (code == null) {
      run.model.close(inode);
    }
    return reply;
  }

  Message truncate() {
    long inode = run.random.nextBoolean() ? run.anyLeased() : run.anyInode();
    long client = run.anyClient();
    long epoch = run.random.nextBoolean() ? 0 : run.epochOf(inode);
    long size = anySize();
    ErrorCode code = epoch == 0 ? null : run.model.leased(inode, epoch, client);
    code = code != null ? code : run.model.file(inode);
    if (code == null && epoch == 0 && run.model.node(inode).epoch != 0) {
      code = ErrorCode.LEASE_LOST;
    }
    Message reply = run.client(client, new Command.Truncate(inode, epoch, size, 9));
    run.expect(code, reply);
    if (code == null) {
      run.model.resize(run.model.node(inode), size);
    }
    return reply;
  }

  long anySize() {
    long whole = run.random.nextInt(5) * HistoryRun.POLICY.chunkBytes();
    return run.random.nextBoolean()
        ? whole
        : whole + run.random.nextInt((int) HistoryRun.POLICY.chunkBytes());
  }

  Message stage(long client) {
    long parent = run.anyDirectory();
    int chunks = run.random.nextInt(3);
    ErrorCode code = run.model.dir(parent);
    Message reply =
        run.client(client, new Command.Stage(parent, 0600, 3, 4, "", chunks, groups(chunks)));
    run.expect(code, reply);
    if (reply instanceof MasterReply.Opened o) {
      run.model.nodes.put(o.attr().inode(), new Node(FileType.FILE));
      run.model.lease(o.attr().inode(), o.epoch(), client);
      o.chunks().forEach(p -> staged(o.attr().inode(), p));
    }
    return reply;
  }

  long[] groups(int count) {
    long[] groups = new long[count];
    Arrays.setAll(groups, i -> 1 + run.random.nextInt(2));
    return groups;
  }

  void staged(long inode, ChunkPlace p) {
    String key = p.chunk() + " " + p.version();
    assertEquals(null, run.places.put(key, p), "a version was handed out twice");
    run.disks.handedOut(new DeletionKey(p.group(), p.chunk(), p.version()));
    run.model.node(inode).staged.put(p.index(), key);
  }

  Message allocate() {
    long inode = run.anyLeased();
    long client = run.anyClient();
    long epoch = run.epochOf(inode);
    int count = 1 + run.random.nextInt(2);
    ErrorCode code = run.model.leased(inode, epoch, client);
    Message reply =
        run.client(
            client,
            new Command.Allocate(
                inode,
                epoch,
                run.random.nextInt(3),
                count,
                run.random.nextInt(3) == 0,
                new long[0],
                groups(count)));
    run.expect(code, reply);
    if (reply instanceof MasterReply.Allocated a) {
      a.chunks().forEach(p -> staged(inode, p));
    }
    return reply;
  }

  Message commit() {
    long inode = run.anyLeased();
    Node n = run.model.nodes.get(inode);
    long client =
        n == null || n.client == 0 || run.random.nextInt(20) == 0 ? run.anyClient() : n.client;
    long epoch = run.epochOf(inode);
    List<CommittedChunk> chunks = new ArrayList<>();
    Map<Integer, Long> lengths = new TreeMap<>();
    long size = n == null ? 0 : run.random.nextInt(5) == 0 ? anySize() : n.size;
    for (int index : n == null ? List.<Integer>of() : List.copyOf(n.staged.keySet())) {
      if (run.random.nextInt(4) > 0) {
        ChunkPlace p =
            Objects.requireNonNull(run.places.get(Objects.requireNonNull(n).staged.get(index)));
        long length =
            run.random.nextBoolean()
                ? HistoryRun.POLICY.chunkBytes()
                : 1 + run.random.nextInt((int) HistoryRun.POLICY.chunkBytes());
        lengths.put(index, length);
        size = Math.max(size, index * HistoryRun.POLICY.chunkBytes() + length);
        chunks.add(
            run.one.sealed(
                p,
                length,
                run.random.nextInt(2) == 0
                    ? 0
                    : 1L << run.random.nextInt(HistoryRun.POLICY.width())));
      }
    }
    boolean release = run.random.nextBoolean();
    boolean link = run.random.nextInt(3) == 0;
    Command.Link name =
        link
            ? new Command.Link(run.anyDirectory(), run.anyName(), run.random.nextBoolean())
            : Command.Link.NONE;
    ErrorCode code = commitCode(inode, epoch, client, name, release);
    Message reply =
        run.client(client, new Command.Commit(inode, epoch, chunks, size, 8, name, release));
    if (reply instanceof ErrorReply e && e.code() == ErrorCode.CONFLICT && !lengths.isEmpty()) {
      return reply; // replacements left it too few blocks: judged by the record of blocks
    }
    run.expect(code, reply);
    if (code == null && n != null) {
      committed(inode, n, chunks, lengths, size, name, release);
    }
    return reply;
  }

  @Nullable ErrorCode commitCode(
      long inode, long epoch, long client, Command.Link name, boolean release) {
    ErrorCode code = run.model.leased(inode, epoch, client);
    if (code != null) {
      return code;
    }
    boolean named = run.model.names(inode) > 0;
    if (name.parent() == 0) {
      return release && !named ? ErrorCode.INVALID : null;
    }
    if (named) {
      return ErrorCode.INVALID;
    }
    return run.model.linkable(name.parent(), name.name(), name.replace());
  }

  void committed(
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
    run.model.resize(n, size);
    if (name.parent() != 0) {
      run.model.replace(name.parent(), name.name(), inode);
    }
    if (release) {
      run.model.close(inode);
    }
  }

  void onDisks(Node n, CommittedChunk c) {
    ChunkPlace p = Objects.requireNonNull(run.places.get(n.staged.remove(c.index())));
    for (int i = 0; i < HistoryRun.POLICY.width(); i++) {
      if (Chunks.has(
          (c.onMember() | c.onReplacement())
              & BlockLayout.storedMask(HistoryRun.POLICY, c.length()),
          i)) {
        run.disks.has(c.chunk(), c.version(), i, p.blocks().get(i).disk());
      }
    }
  }
}
