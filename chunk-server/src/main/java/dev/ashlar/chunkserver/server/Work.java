package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.rebuild.Peers;
import dev.ashlar.chunkserver.rebuild.Rebuild;
import dev.ashlar.chunkserver.rebuild.RebuildPlan;
import dev.ashlar.chunkserver.server.ChunkServerConfig.RebuildLimits;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.ChunkReply.BlockInfo;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How this server does the master's tasks. Thread-safe; every method blocks. */
final class Work implements TaskRunner.Work {
  private static final Logger LOG = LoggerFactory.getLogger(Work.class);

  private final Disks disks;
  private final Peers peers;
  private final RebuildLimits limits;
  private final Throttle throttle;
  private final Outbox outbox;
  private final Consumer<BadBlock> hints;
  private final World world;
  private final World.Signal stop;
  private volatile boolean stopping;

  /**
   * @param hints told of bad blocks on disks of other servers; must not block
   */
  Work(
      Disks disks,
      Peers peers,
      RebuildLimits limits,
      Throttle throttle,
      Outbox outbox,
      Consumer<BadBlock> hints,
      World world) {
    this.world = world;
    stop = world.signal();
    this.disks = disks;
    this.peers = peers;
    this.limits = limits;
    this.throttle = throttle;
    this.outbox = outbox;
    this.hints = hints;
  }

  @Override
  public long rebuild(Task.Rebuild task) throws AshlarException {
    RebuildPlan plan = RebuildPlan.of(task);
    BlockStore disk = disks.serving(task.disk());
    return new Rebuild(
            plan,
            disk,
            peers,
            Codes.of(plan.policy()),
            limits.rangeBytes(),
            this::bad,
            this::pause,
            world)
        .run();
  }

  /** What lies on another server's disk is for that server to look at; the master has it do so. */
  private void bad(BadBlock block) {
    if (!disks.has(block.disk())) {
      hints.accept(block);
      return;
    }
    outbox.bad(block);
    try {
      disks.serving(block.disk()).verify(List.of(block.block())).forEach(disks::damaged);
    } catch (AshlarException e) {
      LOG.debug("{} on disk {} could not be checked", block.block(), block.disk(), e);
    }
  }

  private void damaged(BadBlock block) {
    outbox.bad(block);
    disks.damaged(block);
  }

  /** Ends rebuilds at their next range. */
  void stop() {
    stopping = true;
    stop.raise();
  }

  private void pause(long bytes) throws AshlarException {
    try {
      var _ = stop.await(throttle.take(bytes));
      if (stopping) {
        stop.raise(); // for the next one
        throw new AshlarException(ErrorCode.UNAVAILABLE, "The chunk server is stopping");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.UNAVAILABLE, "The chunk server is stopping", e);
    }
  }

  @Override
  public long delete(Task.Delete task) throws AshlarException {
    BlockReporter.await(world, disks.serving(task.disk()).delete(task.blocks()));
    return 0;
  }

  /**
   * Reports every block that is damaged, not here, or was never sealed. Fails then: that all are
   * good must be said by the result itself, since reports of bad blocks take another way.
   */
  @Override
  public long verify(Task.Verify task) throws AshlarException {
    BlockStore disk = disks.serving(task.disk());
    long bytes = 0;
    int bad = 0;
    for (BlockKey block : task.blocks()) {
      BlockInfo info = find(disk, block);
      if (info == null) {
        outbox.bad(new BadBlock(block, task.disk(), "is not on this disk"));
        bad++;
      } else if (!info.sealed()) {
        outbox.bad(new BadBlock(block, task.disk(), "was never sealed"));
        bad++;
      } else {
        List<BadBlock> damaged = disk.verify(List.of(block));
        damaged.forEach(this::damaged);
        bad += damaged.size();
        bytes += info.length();
      }
    }
    if (bad > 0) {
      throw new AshlarException(
          ErrorCode.CORRUPT,
          bad + " of " + task.blocks().size() + " blocks are damaged or not on this disk");
    }
    return bytes;
  }

  private static @Nullable BlockInfo find(BlockStore disk, BlockKey block) throws AshlarException {
    try {
      return disk.stat(block);
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.VERSION_GONE) {
        return null;
      }
      throw e;
    }
  }
}
