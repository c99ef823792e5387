package dev.ashlar.client;

import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.CommittedChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One staged version of a chunk on its way to its servers: which blocks are still counted on,
 * whether that suffices, and when a server is too slow to wait for. Decides only; owned by one
 * {@link ContentWriter}.
 */
final class ChunkWrite {
  /** No server is given up for slowness before it was silent for this long. */
  static final long PATIENCE_NS = 2_000_000_000L;

  /** Nor before it took this many times as long as the median of its sisters. */
  private static final int PATIENCE_FACTOR = 4;

  private final Policy policy;
  private final List<Lane> lanes = new ArrayList<>();
  private final List<Batch> batches = new ArrayList<>();
  private ChunkPlace place;
  private long keep;
  private long length;
  private boolean complete;
  private int restarts;
  private @Nullable String full;

  /**
   * A chunk of which nothing was sent.
   *
   * @param keepStripes leading stripes shared with {@code place.base()}
   * @param keptCrcs per block the checksums of what it shares, null if not known
   */
  ChunkWrite(Policy policy, ChunkPlace place, long keepStripes, int @Nullable [][] keptCrcs) {
    this.policy = policy;
    this.place = place;
    this.keep = keepStripes * policy.cellBytes();
    this.length = keepStripes * policy.stripeBytes();
    addLanes(keptCrcs);
  }

  private void addLanes(int @Nullable [][] keptCrcs) {
    for (int i = 0; i < policy.width(); i++) {
      Lane lane = new Lane(this, i, place.blocks().get(i), keptCrcs == null ? null : keptCrcs[i]);
      lanes.add(lane);
      if (!lane.place().reachable()) {
        lane.fail("has no disk at present");
      }
    }
  }

  /**
   * Lets go of its servers and starts over on others, sharing nothing. What was added before must
   * be added again.
   */
  void restart(ChunkPlace elsewhere) {
    place = elsewhere;
    keep = 0;
    length = 0;
    complete = false;
    full = null;
    restarts++;
    lanes.clear();
    batches.clear();
    addLanes(null);
  }

  int restarts() {
    return restarts;
  }

  /** Whether the lane is one of the present ones, not of those before a restart. */
  boolean owns(Lane lane) {
    return lanes.get(lane.index()) == lane;
  }

  /** Takes back the data of all batches to send them again. Returns false if some is gone. */
  boolean reclaim() {
    boolean all = true;
    for (Batch batch : batches) {
      all &= batch.reclaim();
    }
    return all;
  }

  ChunkPlace place() {
    return place;
  }

  int index() {
    return place.index();
  }

  /** Version that is shared with, 0 if nothing is shared. */
  long base() {
    return keep == 0 ? 0 : place.base();
  }

  long keep() {
    return keep;
  }

  /** Bytes of the file that are shared. */
  long keptBytes() {
    return keep * policy.k();
  }

  List<Lane> lanes() {
    return lanes;
  }

  List<Batch> batches() {
    return batches;
  }

  /** Bytes of the file in it so far, kept ones included. */
  long length() {
    return length;
  }

  boolean complete() {
    return complete;
  }

  long blockLength(int index) {
    return BlockLayout.blockLength(policy, length, index);
  }

  /** Gives up servers that are known to be in trouble, as long as enough are left without them. */
  void avoid(Predicate<String> inTrouble) {
    for (Lane lane : lanes) {
      if (lane.failure() == null
          && counted() > policy.minimumBlocks()
          && inTrouble.test(lane.place().server())) {
        fail(lane, "was left out because it failed moments ago");
      }
    }
  }

  /**
   * The next coded stripes; with {@code last} nothing follows, and the blocks are sealed with these
   * bytes.
   */
  void add(Batch batch, boolean last) {
    batches.add(batch);
    length += batch.bytes();
    complete = last;
    long mask = 0;
    for (Lane lane : lanes) {
      lane.added(batch);
      if (lane.failure() == null && batch.length(lane.index()) > 0) {
        mask |= 1L << lane.index();
      }
    }
    batch.waitFor(mask);
    if (mask == 0) {
      batch.free();
    }
  }

  /** Nothing follows what was added before. */
  void finish() {
    complete = true;
  }

  /** A server has no room for its block; this is what it says. */
  void full(String why) {
    full = why;
  }

  /** What a server without room said, null if none did since the last start. */
  @Nullable String full() {
    return full;
  }

  void fail(Lane lane, String why) {
    lane.fail(why);
    for (Batch batch : batches) {
      batch.settled(lane.index());
    }
  }

  /** Blocks that are, or still may become, durable; blocks without bytes count as such. */
  private int counted() {
    int count = 0;
    for (Lane lane : lanes) {
      if (lane.failure() == null || (complete && blockLength(lane.index()) == 0)) {
        count++;
      }
    }
    return count;
  }

  /** Whether too many blocks failed for the chunk to be committed. */
  boolean hopeless() {
    return counted() < policy.minimumBlocks() || rootsUnknown();
  }

  /**
   * A block whose kept bytes only its lost server knew: its root, which the commit must name,
   * cannot be had from here.
   */
  private boolean rootsUnknown() {
    for (Lane lane : lanes) {
      if (lane.failure() != null && !lane.known()) {
        return true;
      }
    }
    return false;
  }

  /** Whether every block is durable or given up. */
  boolean ended() {
    if (!complete) {
      return false;
    }
    for (Lane lane : lanes) {
      if (!lane.ended()) {
        return false;
      }
    }
    return true;
  }

  /**
   * A server that keeps the chunk waiting without need: its sisters received the same bytes long
   * ago, and enough of them are left. Null if there is none.
   */
  @Nullable Lane late(long nowNs) {
    if (counted() <= policy.minimumBlocks()) {
      return null;
    }
    for (Lane lane : lanes) {
      if (lane.busy() && nowNs - lane.sentAtNs() > PATIENCE_NS && isLate(lane, nowNs)) {
        return lane;
      }
    }
    return null;
  }

  private boolean isLate(Lane lane, long nowNs) {
    List<Long> sisters = new ArrayList<>();
    int alive = 0;
    for (Lane other : lanes) {
      if (other != lane
          && other.failure() == null
          && (!complete || blockLength(other.index()) > 0)) {
        alive++;
        if (other.progress() > lane.progress()) {
          sisters.add(other.tookNs());
        }
      }
    }
    if (sisters.size() * 2 <= alive) {
      return false; // all are slow: waiting is right
    }
    sisters.sort(null);
    return nowNs - lane.sentAtNs() > PATIENCE_FACTOR * sisters.get(sisters.size() / 2);
  }

  /** What the master is told. Only once {@link #ended} and not {@link #hopeless}. */
  CommittedChunk committed() {
    long onMember = 0;
    long onReplacement = 0;
    int[] roots = new int[policy.width()];
    for (Lane lane : lanes) {
      int i = lane.index();
      roots[i] = lane.root();
      if (blockLength(i) == 0 || (lane.sealed() && !lane.place().replacement())) {
        onMember |= 1L << i;
      } else if (lane.sealed()) {
        onReplacement |= 1L << i;
      }
    }
    return new CommittedChunk(
        place.index(),
        place.chunk(),
        place.version(),
        length,
        place.group(),
        place.groupEpoch(),
        onMember,
        onReplacement,
        roots);
  }

  /** Checksums of all slices of each block. Only once {@link #ended} and not {@link #hopeless}. */
  int[][] crcs() {
    int[][] all = new int[policy.width()][];
    for (Lane lane : lanes) {
      all[lane.index()] = lane.crcs();
    }
    return all;
  }

  void free() {
    batches.forEach(Batch::free);
  }

  /** What happened to the blocks that failed, for a message. */
  String troubles() {
    StringJoiner list = new StringJoiner("; ");
    for (Lane lane : lanes) {
      if (lane.failure() != null) {
        list.add(
            String.format(
                Locale.ROOT,
                "block %d on %s %s",
                lane.index(),
                lane.place().server().isEmpty() ? "no server" : lane.place().server(),
                lane.failure()));
      }
    }
    return list.toString();
  }
}
