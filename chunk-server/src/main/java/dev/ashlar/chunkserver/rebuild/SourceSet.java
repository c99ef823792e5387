package dev.ashlar.chunkserver.rebuild;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The sources of one rebuild: as many as needed in use, the others in reserve. A source is used
 * only after its list of slice checksums proved to be what the writer committed; one that fails is
 * replaced for the rest of the rebuild. One thread.
 */
final class SourceSet {
  private final RebuildPlan plan;
  private final Peers peers;
  private final Wait wait;
  private final Consumer<BadBlock> bad;
  private final Deque<Integer> reserve = new ArrayDeque<>();
  private final List<Source> inUse = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();

  /**
   * @param bad told of sources that are damaged or not where the master believes them
   */
  SourceSet(RebuildPlan plan, Peers peers, Wait wait, Consumer<BadBlock> bad) {
    this.wait = wait;
    this.plan = plan;
    this.peers = peers;
    this.bad = bad;
    reserve.addAll(plan.candidates());
  }

  /** Proves as many sources as are needed, all at a time. */
  void open() throws AshlarException {
    record Asked(int index, CompletableFuture<BlockInfo> answer) {}
    while (inUse.size() < plan.needed()) {
      List<Asked> asked = new ArrayList<>();
      for (int n = inUse.size(); n < plan.needed(); n++) {
        int i = takeReserve();
        asked.add(new Asked(i, ask(i)));
      }
      for (Asked a : asked) {
        try {
          inUse.add(prove(a.index(), wait.on(a.answer())));
        } catch (AshlarException e) {
          failed(a.index(), e);
        }
      }
    }
  }

  Source get(int slot) {
    return inUse.get(slot);
  }

  /**
   * Takes another source in place of one that failed.
   *
   * @throws AshlarException if none is left, naming every failure
   */
  void replace(int slot, AshlarException why) throws AshlarException {
    failed(inUse.get(slot).index(), why);
    while (true) {
      int i = takeReserve();
      try {
        inUse.set(slot, prove(i, wait.on(ask(i))));
        return;
      } catch (AshlarException e) {
        failed(i, e);
      }
    }
  }

  private CompletableFuture<BlockInfo> ask(int i) {
    return peers.stat(plan.place(i), plan.source(i), plan.task().token());
  }

  private Source prove(int i, BlockInfo info) throws AshlarException {
    if (!info.sealed()) {
      throw new AshlarException(ErrorCode.VERSION_GONE, plan.source(i) + " was never sealed there");
    }
    if (info.length() != plan.lengths()[i]
        || Checksums.root(info.crcs(), info.crcs().length, info.length())
            != plan.task().roots()[i]) {
      throw new AshlarException(
          ErrorCode.CORRUPT,
          plan.source(i) + " is not what was committed: its checksums do not match the root");
    }
    return new Source(i, info.crcs());
  }

  private int takeReserve() throws AshlarException {
    Integer i = reserve.poll();
    if (i == null) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          plan.task().block()
              + " cannot be rebuilt now: "
              + plan.needed()
              + " good sources are needed; failed: "
              + String.join("; ", failures));
    }
    return i;
  }

  private void failed(int i, AshlarException e) {
    failures.add("index " + i + " on " + plan.place(i).server() + " (" + e.getMessage() + ")");
    if (e.code() == ErrorCode.CORRUPT || e.code() == ErrorCode.VERSION_GONE) {
      bad.accept(
          new BadBlock(plan.source(i), plan.place(i).disk(), String.valueOf(e.getMessage())));
    }
  }
}
