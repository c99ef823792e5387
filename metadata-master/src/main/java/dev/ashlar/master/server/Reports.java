package dev.ashlar.master.server;

import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.state.Queries.Judgement;
import dev.ashlar.master.state.Rows.GroupRow;
import dev.ashlar.master.state.Topology;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.BlockDigests;
import dev.ashlar.protocol.message.MasterRequest.BlockReport;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what disks have with what they should have. Every judgement reads the state after a
 * barrier that followed the report's arrival: a leader that was deposed unknowingly must not call a
 * newer leader's blocks garbage. A reader's word about a bad block is only a hint: the disk itself
 * is asked, so nobody can talk good blocks away. Nor does a report alone make a missing block
 * count: see {@link Recount}. Thread-safe.
 */
final class Reports {
  private static final Logger LOG = LoggerFactory.getLogger(Reports.class);

  /** Groups whose lists are asked for at once; the others show up with the next digests. */
  private static final int GROUPS_AT_ONCE = 200;

  private static final int VERIFY_AT_ONCE = 100;
  private static final int VERIFYING_MAX = 50_000;

  private final Metadata metadata;
  private final Liveness liveness;
  private final TaskBoard board;
  private final Recount recount;
  private final Set<Verifying> verifying = new HashSet<>();

  /** What each disk was asked for last. */
  private final Map<Long, Asked> asked = new HashMap<>();

  private long number;

  private record Verifying(long disk, BlockKey block) {}

  /**
   * @param next by group, where the next part of its report begins
   */
  private record Asked(long number, Map<Long, Long> next) {}

  /**
   * @param firstNumber of reports; no other leader's may follow it
   */
  Reports(Metadata metadata, Liveness liveness, TaskBoard board, long firstNumber) {
    this.number = firstNumber;
    this.metadata = metadata;
    this.liveness = liveness;
    this.board = board;
    recount =
        new Recount(
            liveness,
            board,
            good -> {
              var _ = metadata.propose(new LogCommand.BlocksRebuilt(good));
            });
  }

  /** Which groups differ. To be called after a barrier. */
  MasterReply.ReportWanted compare(BlockDigests d) {
    if (!liveness.owns(d.server(), d.disk())) {
      return new MasterReply.ReportWanted(new long[0], 0);
    }
    Map<Long, GroupDigest> reported = new HashMap<>();
    d.groups().forEach(g -> reported.put(g.group(), g));
    List<Long> differ = new ArrayList<>();
    metadata.read(txn -> {
      Topology topology = Topology.load(txn);
      for (GroupRow g : topology.groups().values()) {
        if (g.has(d.disk())) {
          reported.putIfAbsent(g.id(), new GroupDigest(g.id(), 0, 0));
        }
      }
      Queries queries = new Queries(txn);
      reported.forEach((group, theirs) -> {
        if (differ.size() < GROUPS_AT_ONCE && !queries.digest(d.disk(), group).equals(theirs)) {
          differ.add(group);
        }
      });
      return null;
    });
    if (differ.isEmpty()) {
      liveness.agreed(d.disk());
    } else {
      liveness.differed(d.disk());
    }
    return new MasterReply.ReportWanted(
        differ.stream().mapToLong(g -> g).toArray(), ask(d.disk(), differ));
  }

  private synchronized long ask(long disk, List<Long> groups) {
    Map<Long, Long> next = new HashMap<>();
    groups.forEach(g -> next.put(g, 0L));
    asked.put(disk, new Asked(++number, next));
    return number;
  }

  /**
   * Whether this report, or the next part of it, was asked for and is here for the first time. One
   * that comes again, or late, says what was: the server may have dropped since what it names.
   */
  private synchronized boolean isNews(BlockReport r) {
    Asked last = asked.get(r.disk());
    if (last == null || last.number != r.number()) {
      return false;
    }
    if (r.to() == 0) {
      return last.next.remove(r.group(), r.from());
    }
    return r.to() > r.from() && last.next.replace(r.group(), r.from(), r.to());
  }

  /** What to do with the blocks of a group. To be called after a barrier. */
  MasterReply.Verdict judge(BlockReport r) {
    if (!liveness.owns(r.server(), r.disk()) || !isNews(r)) {
      return new MasterReply.Verdict(List.of());
    }
    Judgement j =
        metadata.read(
            txn -> new Queries(txn).judge(r.disk(), r.group(), r.blocks(), r.from(), r.to()));
    if (!j.found().isEmpty()) {
      Set<BlockKey> found = new HashSet<>(j.found());
      recount.add(r.disk(), r.blocks().stream().filter(b -> found.contains(b.block())).toList());
    }
    j.delete().forEach(b -> recount.doubt(r.disk(), b));
    if (!j.wrong().isEmpty()) {
      LOG.warn(
          "Disk {} of {} has {} blocks that are not what was committed; they are rebuilt",
          Long.toHexString(r.disk()),
          r.server(),
          j.wrong().size());
      var _ = metadata.propose(new LogCommand.BlocksMissing(on(r, j.wrong())));
    }
    if (!j.delete().isEmpty()) {
      LOG.info(
          "Disk {} of {} has {} blocks that nobody needs",
          Long.toHexString(r.disk()),
          r.server(),
          j.delete().size());
    }
    verify(r.disk(), j.absent());
    return new MasterReply.Verdict(j.delete());
  }

  private static List<DiskBlock> on(BlockReport r, List<BlockKey> blocks) {
    return blocks.stream().map(b -> new DiskBlock(r.group(), b, r.disk())).toList();
  }

  /** Has the disk's server look at these blocks; bad ones come back with its heartbeat. */
  void verify(long disk, List<BlockKey> blocks) {
    String server = liveness.liveServer(disk);
    if (server == null) {
      return; // it is asked for digests when it returns
    }
    List<BlockKey> fresh = claim(disk, blocks);
    for (int from = 0; from < fresh.size(); from += VERIFY_AT_ONCE) {
      List<BlockKey> some =
          List.copyOf(fresh.subList(from, Math.min(fresh.size(), from + VERIFY_AT_ONCE)));
      if (!board.offer(
          server,
          0,
          id -> new Task.Verify(id, disk, some),
          (failure, bytes) -> release(disk, some))) {
        release(disk, some);
      }
    }
  }

  private synchronized List<BlockKey> claim(long disk, List<BlockKey> blocks) {
    List<BlockKey> fresh = new ArrayList<>();
    for (BlockKey b : blocks) {
      if (verifying.size() < VERIFYING_MAX && verifying.add(new Verifying(disk, b))) {
        fresh.add(b);
      }
    }
    return fresh;
  }

  private synchronized void release(long disk, List<BlockKey> blocks) {
    blocks.forEach(b -> verifying.remove(new Verifying(disk, b)));
  }

  /**
   * To be called before the results in the same heartbeat are taken: a verification that is among
   * them, or on its way, no longer speaks for these blocks.
   */
  void doubt(List<BadBlock> blocks) {
    blocks.forEach(b -> recount.doubt(b.disk(), b.block()));
  }

  /** A server says that blocks on its own disks are damaged or absent. */
  void bad(String server, List<BadBlock> blocks) {
    if (blocks.isEmpty()) {
      return;
    }
    Topology topology = metadata.topology();
    List<DiskBlock> missing = new ArrayList<>();
    metadata.read(txn -> {
      blocks.stream()
          .filter(b -> liveness.owns(server, b.disk()))
          .forEach(b -> missing.addAll(committed(txn, topology, b)));
      return null;
    });
    if (!missing.isEmpty()) {
      LOG.warn(
          "{} reports {} bad blocks, the first {}: {}",
          server,
          blocks.size(),
          blocks.getFirst().block(),
          blocks.getFirst().reason());
      var _ = metadata.propose(new LogCommand.BlocksMissing(missing));
    }
  }

  private static List<DiskBlock> committed(ReadTxn txn, Topology topology, BadBlock b) {
    OptionalLong group = new Queries(txn).groupOf(topology, b.disk(), b.block().chunk());
    return group.isPresent()
        ? List.of(new DiskBlock(group.getAsLong(), b.block(), b.disk()))
        : List.of();
  }
}
