package dev.ashlar.master.state;

import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.master.state.NaiveFs.Node;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.List;

/** What a leading master proposes by itself, at random. */
final class LeaderActions {
  private final HistoryRun run;

  LeaderActions(HistoryRun run) {
    this.run = run;
  }

  Message cluster() {
    return switch (run.random.nextInt(12)) {
      case 0 -> deletionsDone();
      case 1 -> run.random.nextInt(6) == 0 ? expire() : run.both(new LogCommand.Tick());
      case 2 -> closeLease();
      case 3, 4, 5 -> replacement();
      case 6 -> blockGone();
      default -> rebuild();
    };
  }

  Message deletionsDone() {
    List<DeletionKey> keys = new ArrayList<>();
    run.one.query(q -> q.deletions(new DeletionKey(0, 0, 0), 1000)).forEach(d -> keys.add(d.key()));
    keys.removeIf(k -> run.random.nextBoolean());
    run.disks.deleted(keys);
    return run.both(new LogCommand.DeletionsDone(keys));
  }

  Message expire() {
    long client = run.anyClient();
    Message reply = run.both(new LogCommand.ExpireSessions(new long[] {client}));
    run.model.closeClient(client);
    run.unacked.removeIf(c -> c.client() == client);
    run.expect(ErrorCode.SESSION_EXPIRED, run.client(client, new Command.Mkdir(1, "x", 0, 0, 0)));
    run.unacked.removeIf(c -> c.client() == client);
    World.done(run.client(client, new Command.OpenSession("again")));
    return reply;
  }

  Message closeLease() {
    long inode = run.anyLeased();
    Node n = run.model.nodes.get(inode);
    Message reply = run.both(new LogCommand.CloseLeases(new long[] {n == null ? 0 : n.epoch}));
    if (n != null && n.epoch != 0) {
      run.model.close(inode);
    }
    return reply;
  }

  /** Mostly one that is being replaced. */
  int anyIndex(GroupRow g) {
    int index = run.random.nextInt(HistoryRun.POLICY.width());
    for (int i = 0; i < HistoryRun.POLICY.width() && g.replacements()[index] == 0; i++) {
      index = run.random.nextInt(3) == 0 ? index : (index + 1) % HistoryRun.POLICY.width();
    }
    return index;
  }

  Message replacement() {
    GroupRow g = run.one.group(1 + run.random.nextInt(2));
    int index = anyIndex(g);
    long epoch = g.epoch() + (run.random.nextInt(20) == 0 ? 1 : 0);
    long disk =
        g.replacements()[index] != 0 && run.random.nextBoolean()
            ? g.replacements()[index]
            : 100 + run.random.nextInt(12);
    return switch (run.random.nextInt(8)) {
      case 0, 1, 2 ->
          run.both(
              new LogCommand.StartReplacement(
                  g.id(), epoch, index, disk, run.random.nextBoolean()));
      case 3 -> run.both(new LogCommand.CancelReplacement(g.id(), epoch, index));
      case 4 ->
          run.random.nextInt(3) == 0
              ? run.both(new LogCommand.DropReplacement(g.id(), epoch, index))
              : run.both(new LogCommand.Tick());
      default -> run.both(new LogCommand.FinishReplacement(g.id(), epoch, index));
    };
  }

  /**
   * Mostly what a worker would do: everything that is owed to one target. Sometimes nonsense, which
   * must do no harm.
   */
  Message rebuild() {
    GroupRow g = run.one.group(1 + run.random.nextInt(2));
    int index = anyIndex(g);
    List<DiskBlock> blocks = new ArrayList<>();
    for (Found<ChunkRow> f : run.one.tables(t -> t.all(ChunkRow.class, Table.CHUNKS.key()))) {
      ChunkRow row = f.row();
      if (row.group() == g.id() && run.random.nextInt(10) > 0) {
        long version = run.random.nextInt(20) == 0 ? row.version() + 1 : row.version();
        blocks.add(
            new DiskBlock(g.id(), new BlockKey(row.chunk(), version, index), g.target(index)));
        run.disks.has(row.chunk(), version, index, g.target(index));
      }
    }
    return run.both(new LogCommand.BlocksRebuilt(blocks));
  }

  Message blockGone() {
    DiskRecord.Copy copy = run.disks.loseAny(run.random);
    if (copy == null) {
      return run.both(new LogCommand.Tick());
    }
    List<DiskBlock> blocks = new ArrayList<>();
    for (long group = 1; group <= 2; group++) {
      blocks.add(new DiskBlock(group, copy.block(), copy.disk()));
    }
    return run.both(new LogCommand.BlocksMissing(blocks));
  }
}
