package dev.ashlar.master.state;

import dev.ashlar.master.state.GroupHealth.Signature;
import dev.ashlar.master.state.HealingPlanner.RebuildTask;
import dev.ashlar.master.state.Keys.Table;
import dev.ashlar.master.state.Rows.ChunkOwner;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.master.state.Tables.Found;
import dev.ashlar.protocol.BlockLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Walks the chunks of a troubled group, some at a time, and adds up what it finds. Starts over when
 * the group changes.
 */
final class GroupScan {
  private static final int MAX_LOST_INODES = 100;

  final long sinceNs;
  private @Nullable Signature signature;
  private byte @Nullable [] from;
  private long finishedNs = Long.MIN_VALUE;
  private boolean complete;
  private Tally current = new Tally();
  private Tally last = new Tally();

  /** What a walk has added up. */
  static final class Tally {
    long degraded;
    long critical;
    long lost;
    long missingBlocks;
    long pendingBlocks;
    long pendingBytes;
    long urgent;
    long kept;
    final List<Long> lostInodes = new ArrayList<>();

    void add(ChunkHealth h, GroupHealth g, long inode) {
      urgent |= h.urgent();
      kept |= h.kept();
      missingBlocks += Long.bitCount(h.stored() & ~h.available());
      pendingBlocks += Long.bitCount(h.needed());
      for (int i = 0; i < g.policy.width(); i++) {
        pendingBytes +=
            Chunks.has(h.needed(), i)
                ? BlockLayout.blockLength(g.policy, h.row().storedLength(), i)
                : 0;
      }
      if (h.lost(g)) {
        lost++;
        if (lostInodes.size() < MAX_LOST_INODES && !lostInodes.contains(inode)) {
          lostInodes.add(inode);
        }
      } else if (!h.whole()) {
        degraded++;
        critical += h.critical(g) ? 1 : 0;
      }
    }
  }

  /**
   * @param sinceNs when the group became troubled
   */
  GroupScan(long sinceNs) {
    this.sinceNs = sinceNs;
  }

  /**
   * Notes what the group is like now; earlier findings about another state of it only serve the
   * totals.
   */
  void observe(GroupHealth g) {
    if (!g.signature().equals(signature)) {
      signature = g.signature();
      from = null;
      complete = false;
      finishedNs = Long.MIN_VALUE;
      current = new Tally();
    }
  }

  /** Whether a walk is under way or due. */
  boolean due(long nowNs, long pauseNs) {
    return from != null || finishedNs == Long.MIN_VALUE || nowNs - finishedNs >= pauseNs;
  }

  /** When the last whole walk ended, the smallest number if there was none since it changed. */
  long finishedNs() {
    return finishedNs;
  }

  boolean complete() {
    return complete;
  }

  long urgent() {
    return current.urgent | (complete ? last.urgent : 0);
  }

  long kept() {
    return current.kept | (complete ? last.kept : 0);
  }

  /**
   * The newest figures: of the last whole walk, or of what has been seen so far if that is more.
   */
  Tally tally() {
    return complete || last.missingBlocks > current.missingBlocks ? last : current;
  }

  /** Looks at no more than {@code rows} chunks and returns how many it was. */
  int advance(Tables t, GroupHealth g, int rows, long nowNs, Consumer<RebuildTask> found) {
    byte[] prefix = Table.CHUNK_INDEX.key(g.group.id());
    byte[] start = from;
    if (start == null) {
      current = new Tally();
      start = prefix;
    }
    List<Found<ChunkOwner>> page = t.page(ChunkOwner.class, prefix, start, rows);
    for (Found<ChunkOwner> f : page) {
      ChunkRow row = t.chunk(f.row().inode(), f.row().index());
      if (row != null) {
        look(ChunkHealth.of(row, g), g, f.row().inode(), found);
      }
    }
    if (page.size() < rows) {
      from = null;
      last = current;
      complete = true;
      finishedNs = nowNs;
    } else {
      from = Keys.next(page.getLast().key());
    }
    return page.size();
  }

  private void look(ChunkHealth h, GroupHealth g, long inode, Consumer<RebuildTask> found) {
    current.add(h, g, inode);
    for (int i = 0; i < g.policy.width(); i++) {
      if (Chunks.has(h.doable(), i)) {
        found.accept(h.task(g, i));
      }
    }
  }
}
