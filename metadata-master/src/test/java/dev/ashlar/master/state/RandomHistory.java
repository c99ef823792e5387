package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import org.jspecify.annotations.Nullable;

/** One random history: what is sent, what the answer should be, and what follows from it. */
final class RandomHistory {
  private final HistoryRun run;
  private final NameActions names;
  private final ContentActions content;
  private final PackActions packs;
  private final LeaderActions leader;
  int done;
  private long nowNs = 1_000_000_000L;

  RandomHistory(long seed, World one, World two) {
    run = new HistoryRun(seed, one, two);
    names = new NameActions(run);
    content = new ContentActions(run);
    packs = new PackActions(run, content);
    leader = new LeaderActions(run);
  }

  /** What was sent last. */
  @Nullable Object last() {
    return run.last;
  }

  void step(int i) {
    nowNs += run.random.nextInt(1000);
    run.one.nowNs = nowNs - (run.random.nextInt(10) == 0 ? 500 : 0);
    run.two.nowNs = run.one.nowNs;
    String before = i % 7 == 0 ? StateDump.effects(run.one) : "";
    Message reply =
        run.random.nextInt(100) < 20
            ? leader.cluster()
            : run.random.nextInt(100) < 3 ? run.again() : operation();
    if (reply instanceof ErrorReply && !before.isEmpty()) {
      assertEquals(before, StateDump.effects(run.one), "a refused command changed something");
    }
    done += reply instanceof ErrorReply ? 0 : 1;
    run.model.dropEmptyPacks();
    try (ReadTxn txn = run.one.store.read()) {
      Invariants.check(txn);
      run.disks.checkDeletions(txn);
      run.disks.checkBlocks(txn);
      if (i % 10 == 0) {
        StateDump.mustEqual(run.model, txn);
      }
    }
    if (i % 100 == 0) {
      assertEquals(StateDump.dump(run.one), StateDump.dump(run.two), "the replicas differ");
    }
  }

  private Message operation() {
    long client = run.anyClient();
    return switch (run.random.nextInt(21)) {
      case 0 -> names.mkdir(client);
      case 1, 2 -> names.create(client);
      case 3 -> names.unlink(client);
      case 4 -> names.rmdir(client);
      case 5, 6, 7 -> names.rename(client);
      case 8 -> names.hardLink(client);
      case 9 -> names.symlink(client);
      case 10 -> content.acquire(client);
      case 11 -> content.release();
      case 12 -> content.truncate();
      case 13 -> content.stage(client);
      case 14, 15 -> content.allocate();
      case 16 -> names.xattr(client);
      case 17, 18, 19 -> packs.commitPack();
      default -> content.commit();
    };
  }
}
