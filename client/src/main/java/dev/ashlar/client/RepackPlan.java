package dev.ashlar.client;

import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply.Pack;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which packs are copied together into a new one: those of which less than half is still a file's,
 * to give space back, and small ones that came one by one, to have fewer chunks and less padding. A
 * new pack is full of living bytes, and not small unless it had to be made for a sparse one: so no
 * byte is copied again and again.
 */
final class RepackPlan {
  /** Less than this part of the largest pack is small: 1 MiB unless chunks are tiny. */
  private static final int SMALL_PART = 4;

  /** Most bytes of a pack of this policy. */
  private final long most;

  private final List<List<Pack>> batches = new ArrayList<>();

  private RepackPlan(String policy) {
    this.most = Math.min(Packer.MOST_BYTES, Policy.parse(policy).chunkBytes());
  }

  /**
   * Packs to be copied, each list into one.
   *
   * @param before small packs are left alone that were made after this time, ns since 1970: more
   *     may come, or their files may go again
   */
  static List<List<Pack>> of(List<Pack> packs, long before) {
    Map<String, List<Pack>> byPolicy = new TreeMap<>();
    for (Pack p : packs) {
      byPolicy.computeIfAbsent(p.attr().policy(), policy -> new ArrayList<>()).add(p);
    }
    List<List<Pack>> batches = new ArrayList<>();
    byPolicy.forEach((policy, all) -> batches.addAll(new RepackPlan(policy).plan(all, before)));
    return batches;
  }

  private List<List<Pack>> plan(List<Pack> packs, long before) {
    List<Pack> batch = new ArrayList<>();
    long bytes = 0;
    long files = 0;
    for (Pack p : packs) {
      if (!sparse(p) && !(small(p.attr().size()) && p.attr().changedNs() < before)) {
        continue;
      }
      if (bytes + p.liveBytes() > most || files + p.files() > Command.CommitPack.MAX_FILES) {
        end(batch, bytes);
        batch = new ArrayList<>();
        bytes = 0;
        files = 0;
      }
      batch.add(p);
      bytes += p.liveBytes();
      files += p.files();
    }
    end(batch, bytes);
    return batches;
  }

  private void end(List<Pack> batch, long bytes) {
    if (!small(bytes) || batch.stream().anyMatch(RepackPlan::sparse)) {
      batches.add(batch);
    }
  }

  private boolean small(long bytes) {
    return bytes < most / SMALL_PART;
  }

  private static boolean sparse(Pack p) {
    return p.liveBytes() < p.attr().size() / 2;
  }
}
