package dev.ashlar.chunkserver.store;

import static java.util.Objects.requireNonNull;

import dev.ashlar.chunkserver.store.CrashCheck.Then;
import dev.ashlar.chunkserver.store.CrashDisk.Choice;
import dev.ashlar.chunkserver.store.CrashDisk.Image;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Goes through a history point by point and tries what a crash there may leave: a kill, a power cut
 * that lost everything that was not synced, or nothing, or any single change, or all but one, or
 * the end or the beginning of the last write, or random sectors; and indexes that are missing,
 * older than the log, or damaged.
 */
final class CrashPoints {
  /**
   * How much is tried.
   *
   * @param singles changes that are lost or kept alone, at each point
   * @param tears places within the last write
   * @param randoms random selections
   * @param nested whether the recovery itself is a history to crash in, at every n-th point; 0 for
   *     nowhere
   */
  record Effort(int singles, int tears, int randoms, int nested) {}

  private final CrashIo.Kind kind;
  private final Effort effort;
  private final Random random;
  private final Set<Long> seen = new HashSet<>();
  private final Then[] next = {Then.KILL, Then.WORK, Then.CUT, Then.REBUILD};
  int tried;
  int distinct;

  CrashPoints(CrashIo.Kind kind, Effort effort, long seed) {
    this.kind = kind;
    this.effort = effort;
    random = new Random(seed);
  }

  private record Named(String name, Image image, boolean ghosts) {}

  /** Tries every point of a history. */
  void all(List<CrashOp> history, CrashModel model) {
    CrashDisk disk = new CrashDisk(new Image(new TreeMap<>(), null));
    for (int point = 0; point <= history.size(); point++) {
      if (point > 0) {
        disk.apply(history.get(point - 1));
      }
      int facts = model.factsAt(point);
      for (Named s : states(disk)) {
        tried++;
        if (seen.add(fingerprint(s.image(), facts, s.ghosts()))) {
          distinct++;
          attempt(s, point, history, model);
        }
      }
    }
  }

  private void attempt(Named s, int point, List<CrashOp> history, CrashModel model) {
    Then then = then(s.ghosts());
    try {
      List<CrashOp> recovery =
          new CrashCheck(kind, model.at(point), s.ghosts()).run(s.image(), then);
      if (effort.nested > 0 && distinct % effort.nested == 0) {
        again(s.image(), recovery, model, point, s.ghosts());
      }
    } catch (AssertionError | RuntimeException | IOException e) {
      throw new AssertionError(
          "crash at point "
              + point
              + " of "
              + history.size()
              + " ("
              + s.name()
              + ", then "
              + then
              + "), after "
              + (point == 0 ? "nothing" : text(history.get(point - 1)))
              + ", files "
              + s.image().files().keySet(),
          e);
    }
  }

  /** Ghosts are gone when the index is lost or a tombstone is written again. */
  private Then then(boolean ghosts) {
    return ghosts ? Then.KILL : next[distinct % next.length];
  }

  /** Crashes of the recovery from a crash. */
  private void again(
      Image start, List<CrashOp> recovery, CrashModel model, int point, boolean ghosts)
      throws IOException {
    CrashDisk disk = new CrashDisk(start);
    for (int i = 0; i <= recovery.size(); i++) {
      if (i > 0) {
        disk.apply(recovery.get(i - 1));
      }
      Choice some = sectors(random.nextLong(), 2);
      List<Image> images =
          new ArrayList<>(
              List.of(disk.cut((_, _) -> false), disk.killed((_, _) -> true), disk.cut(some)));
      for (Image image : images) {
        tried++;
        if (seen.add(fingerprint(image, model.factsAt(point), ghosts))) {
          distinct++;
          try {
            var _ = new CrashCheck(kind, model.at(point), ghosts).run(image, then(ghosts));
          } catch (AssertionError | RuntimeException | IOException e) {
            throw new AssertionError("and again at point " + i + " of its recovery", e);
          }
        }
      }
    }
  }

  private List<Named> states(CrashDisk disk) {
    List<CrashOp> open = disk.unsynced();
    int n = open.size();
    List<Named> all = new ArrayList<>();
    all.add(new Named("power cut, unsynced lost", disk.cut((_, _) -> false), false));
    all.add(new Named("power cut, all kept", disk.cut((_, _) -> true), false));
    all.add(new Named("killed", disk.killed((_, _) -> true), false));
    for (int i : some(n, effort.singles)) {
      all.add(new Named("only change " + i, disk.cut((c, _) -> c == i), false));
      all.add(new Named("all but change " + i, disk.cut((c, _) -> c != i), false));
    }
    if (n > 0 && open.getLast() instanceof CrashOp.Write w) {
      for (int at : some(w.sectors() - 1, effort.tears)) {
        Choice front = (c, s) -> c < n - 1 || s <= at;
        all.add(new Named("torn behind sector " + at, disk.cut(front), false));
        all.add(new Named("killed in sector " + at, disk.killed(front), false));
        Choice back = (c, s) -> c < n - 1 || s > at;
        all.add(new Named("torn before sector " + at, disk.cut(back), false));
      }
    }
    for (int i = 0; n > 0 && i < effort.randoms; i++) {
      long seed = random.nextLong();
      all.add(new Named("random " + seed, disk.cut(sectors(seed, i % 2 == 0 ? 2 : 8)), false));
    }
    indexes(disk, all);
    return all;
  }

  private void indexes(CrashDisk disk, List<Named> all) {
    List<NavigableMap<byte[], byte[]>> had = disk.indexes();
    if (had.size() > 1) {
      // Cannot be met, for a kill leaves the last commit; what was promised must be there even so.
      all.add(new Named("index before", disk.image((_, _) -> true, had.get(had.size() - 2)), true));
      NavigableMap<byte[], byte[]> old = had.get(random.nextInt(had.size()));
      all.add(new Named("old index", disk.image((_, _) -> true, old), true));
    }
    if (!had.isEmpty()) {
      all.add(
          new Named("damaged index", disk.image((_, _) -> true, damaged(had.getLast())), false));
    }
  }

  /** One value of the index is not what it was. */
  private @Nullable NavigableMap<byte[], byte[]> damaged(NavigableMap<byte[], byte[]> index) {
    List<Map.Entry<byte[], byte[]>> values =
        index.entrySet().stream().filter(e -> e.getValue().length > 0).toList();
    if (values.isEmpty()) {
      return null;
    }
    NavigableMap<byte[], byte[]> copy = new TreeMap<>(index);
    Map.Entry<byte[], byte[]> victim = values.get(random.nextInt(values.size()));
    byte[] value = Arrays.copyOf(victim.getValue(), victim.getValue().length);
    value[random.nextInt(value.length)] ^= (byte) (1 << random.nextInt(8));
    copy.put(victim.getKey(), value);
    return copy;
  }

  /** At most so many of the numbers below {@code n}, the last ones for sure. */
  private int[] some(int n, int most) {
    if (n <= most) {
      return java.util.stream.IntStream.range(0, Math.max(0, n)).toArray();
    }
    return random.ints(0, n).distinct().limit(most).toArray();
  }

  private static Choice sectors(long seed, int oneIn) {
    return (change, sector) ->
        new Random(seed ^ change * 0x9E3779B97F4A7C15L ^ sector * 0xC2B2AE3D27D4EB4FL)
                .nextInt(oneIn)
            > 0;
  }

  private static long fingerprint(Image image, int facts, boolean ghosts) {
    CRC32C low = new CRC32C();
    java.util.zip.Adler32 high = new java.util.zip.Adler32();
    image
        .files()
        .forEach((name, bytes) -> {
          low.update(name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
          low.update(bytes);
          high.update(bytes);
        });
    NavigableMap<byte[], byte[]> index = image.index();
    if (index != null) {
      low.update(1);
      requireNonNull(index)
          .forEach((k, v) -> {
            low.update(k);
            low.update(v);
            high.update(v);
          });
    }
    low.update(facts);
    low.update(facts >>> 8);
    low.update(ghosts ? 1 : 0);
    return high.getValue() << 32 ^ low.getValue();
  }

  private static String text(CrashOp op) {
    return switch (op) {
      case CrashOp.Write w -> "write of " + w.data().length + " at " + w.position();
      case CrashOp.Commit _ -> "commit of the index";
      default -> op.toString();
    };
  }
}
