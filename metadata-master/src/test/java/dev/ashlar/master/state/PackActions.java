package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.master.state.NaiveFs.Node;
import dev.ashlar.master.state.Rows.SliceRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Random packs of small files, and what the master should answer. */
final class PackActions {
  private final HistoryRun run;
  private final ContentActions content;

  PackActions(HistoryRun run, ContentActions content) {
    this.run = run;
    this.content = content;
  }

  /** Small files, and moves of some that are packed already, some of them nonsense. */
  Message commitPack() {
    List<Long> able =
        run.model.nodes.keySet().stream()
            .filter(i -> run.model.node(i).staged.containsKey(0) && run.model.names(i) == 0)
            .sorted()
            .toList();
    if (able.isEmpty()) {
      return content.stage(run.anyClient());
    }
    long inode = able.get(run.random.nextInt(able.size()));
    Node n = run.model.node(inode);
    ChunkPlace place = Objects.requireNonNull(run.places.get(n.staged.get(0)));
    long length = 1 + run.random.nextLong(1000);
    CommittedChunk chunk =
        run.one.sealed(
            place,
            length,
            run.random.nextInt(2) == 0 ? 0 : 1L << run.random.nextInt(HistoryRun.POLICY.width()));
    long end = 0;
    List<Command.PackedFile> files = new ArrayList<>();
    for (int i = run.random.nextInt(4); i >= 0; i--) {
      long bytes = run.random.nextInt(4) == 0 ? 0 : run.random.nextLong(length - end + 1);
      String policy = run.random.nextInt(8) == 0 ? "rs-2-1" : "";
      Command.Link link =
          new Command.Link(run.anyDirectory(), run.anyName(), run.random.nextBoolean());
      files.add(new Command.PackedFile(link, 0640, 5, 6, policy, end, bytes, 7));
      end += bytes;
    }
    List<Command.PackedMove> moves = new ArrayList<>();
    for (long other : run.model.nodes.keySet().stream().sorted().toList()) {
      SliceRow slice = run.model.node(other).slice;
      if (slice != null && slice.length() <= length - end && run.random.nextBoolean()) {
        long wrong = run.random.nextInt(5) == 0 ? 1 : 0;
        moves.add(
            new Command.PackedMove(
                other, slice.pack(), slice.offset() + wrong, slice.length(), end));
        end += slice.length();
      }
    }
    long epoch = n.epoch + (run.random.nextInt(20) == 0 ? 1 : 0);
    long client = run.random.nextInt(20) == 0 ? run.anyClient() : n.client;
    ErrorCode code = run.model.leased(inode, epoch, client);
    code = code == null && n.changed ? ErrorCode.INVALID : code;
    Message reply =
        run.client(
            client,
            new Command.CommitPack(
                inode,
                epoch,
                List.of(chunk),
                files,
                moves,
                run.random.nextBoolean(),
                content.groups(1)));
    if (reply instanceof ErrorReply e && e.code() == ErrorCode.CONFLICT) {
      return reply; // as in a commit
    }
    run.expect(code, reply);
    if (reply instanceof MasterReply.Packed packed) {
      packed(inode, chunk, files, moves, packed);
      MasterReply.Opened next = packed.next();
      if (next != null) {
        run.model.nodes.put(next.attr().inode(), new Node(FileType.FILE));
        run.model.lease(next.attr().inode(), next.epoch(), client);
        next.chunks().forEach(p -> content.staged(next.attr().inode(), p));
      }
    }
    return reply;
  }

  void packed(
      long inode,
      CommittedChunk chunk,
      List<Command.PackedFile> files,
      List<Command.PackedMove> moves,
      MasterReply.Packed reply) {
    Node staged = run.model.node(inode);
    content.onDisks(staged, chunk);
    Node pack = new Node(FileType.PACK);
    pack.chunks.put(0, chunk.length());
    pack.size = chunk.length();
    pack.xattrs.putAll(staged.xattrs);
    run.model.nodes.put(inode, pack);
    for (int i = 0; i < files.size(); i++) {
      Command.PackedFile f = files.get(i);
      ErrorCode code = run.model.linkable(f.link().parent(), f.link().name(), f.link().replace());
      code = code == null && !f.policy().isEmpty() ? ErrorCode.CONFLICT : code;
      MasterReply.PackedOutcome outcome = reply.outcomes().get(i);
      assertEquals(code, outcome.refusal() == null ? null : outcome.refusal().code());
      if (outcome.attr() != null) {
        Node made = new Node(FileType.FILE);
        made.size = f.length();
        made.slice = f.length() == 0 ? null : new SliceRow(inode, f.offset(), f.length());
        run.model.nodes.put(outcome.attr().inode(), made);
        run.model.replace(f.link().parent(), f.link().name(), outcome.attr().inode());
      }
    }
    for (Command.PackedMove m : moves) {
      Node file = run.model.nodes.get(m.inode());
      SliceRow slice = file == null ? null : file.slice;
      if (file != null
          && slice != null
          && slice.pack() == m.from()
          && slice.offset() == m.fromOffset()) {
        file.slice = new SliceRow(inode, m.offset(), slice.length());
      }
    }
  }
}
