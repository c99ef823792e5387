package dev.ashlar.client;

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
  /** A pack below this size is small. */
  static final long SMALL_BYTES = 1 << 20;

  private RepackPlan() {}

  /**
   * Packs to be copied, each list into one.
   *
   * @param before small packs are left alone that were made after this time, ns since 1970: more
   *     may come, or their files may go again
   */
  static List<List<Pack>> of(List<Pack> packs, long before) {
    Map<String, List<Pack>> byPolicy = new TreeMap<>();
    for (Pack p : packs) {
      if (sparse(p) || p.attr().size() < SMALL_BYTES && p.attr().changedNs() < before) {
        byPolicy.computeIfAbsent(p.attr().policy(), policy -> new ArrayList<>()).add(p);
      }
    }
    List<List<Pack>> batches = new ArrayList<>();
    byPolicy.values().forEach(all -> fill(all, batches));
    return batches;
  }

  private static void fill(List<Pack> packs, List<List<Pack>> batches) {
    List<Pack> batch = new ArrayList<>();
    long bytes = 0;
    long files = 0;
    for (Pack p : packs) {
      if (bytes + p.liveBytes() > Packer.MOST_BYTES
          || files + p.files() > Command.CommitPack.MAX_FILES) {
        end(batch, bytes, batches);
        batch = new ArrayList<>();
        bytes = 0;
        files = 0;
      }
      batch.add(p);
      bytes += p.liveBytes();
      files += p.files();
    }
    end(batch, bytes, batches);
  }

  private static void end(List<Pack> batch, long bytes, List<List<Pack>> batches) {
    if (batch.stream().anyMatch(RepackPlan::sparse) || bytes >= SMALL_BYTES) {
      batches.add(batch);
    }
  }

  private static boolean sparse(Pack p) {
    return p.liveBytes() < p.attr().size() / 2;
  }
}
