package dev.ashlar.cluster.crash;

import dev.ashlar.torture.faultfs.Op;
import dev.ashlar.torture.faultfs.Recording;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.IntPredicate;

/** What crashes after a prefix of a master's recorded history may leave of its directory. */
final class MasterStates {
  private static final int SECTOR = 512;

  /**
   * One of them.
   *
   * @param recording as recorded, but what was not synced is cut into sectors
   * @param kept what of it is on media
   * @param power whether the machine went down, not just the process
   */
  record State(String name, int point, Recording recording, IntPredicate kept, boolean power) {}

  private final Recording recording;
  private final Random random;
  private final Set<Long> soft = new HashSet<>();

  MasterStates(Recording recording, Random random) {
    this.recording = recording;
    this.random = random;
    Map<Long, String> names = new HashMap<>();
    for (Op op : recording.ops()) {
      if (op instanceof Op.Create(long file, String path)) {
        names.put(file, path);
      }
    }
    names.forEach((file, path) -> {
      if (isSoft(path)) {
        soft.add(file);
      }
    });
  }

  /** The store that a power cut makes worthless, and unfinished copies of it. */
  static boolean isSoft(String path) {
    return path.contains("/live/") || path.startsWith("live/") || path.contains("live.restoring");
  }

  /** Points where what matters after a power cut is not what it was at the point before. */
  List<Integer> points() {
    List<Integer> points = new ArrayList<>();
    points.add(recording.present());
    for (int i = recording.present(); i < recording.ops().size(); i++) {
      boolean matters =
          switch (recording.ops().get(i)) {
            case Op.Write w -> !soft.contains(w.file()) && !zeros(w.bytes());
            case Op.Resize r -> !soft.contains(r.file());
            case Op.Zero z -> !soft.contains(z.file());
            case Op.Sync s -> !soft.contains(s.file());
            case Op.Create c -> !isSoft(c.path());
            case Op.Remove r -> !isSoft(r.path());
            case Op.Rename _, Op.MakeDirectory _, Op.RemoveDirectory _, Op.SyncDirectory _ -> true;
          };
      if (matters) {
        points.add(i + 1);
      }
    }
    return points;
  }

  private static boolean zeros(byte[] bytes) {
    for (byte b : bytes) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /** Crashes at one point. */
  List<State> at(int point, int randoms) {
    Recording fine = fine(point);
    int count = fine.ops().size();
    BitSet open = fine.unsynced(count);
    List<State> all = new ArrayList<>();
    all.add(new State("killed", point, fine, _ -> true, false));
    all.add(new State("unsynced lost", point, fine, i -> !open.get(i), true));
    if (!open.isEmpty()) {
      all.add(new State("unsynced kept", point, fine, _ -> true, true));
      for (int i = 0; i < randoms; i++) {
        all.add(random(point, fine, open, 2 + random.nextInt(6)));
      }
    }
    return all;
  }

  /** Bytes and sizes in any combination, names from the last one backwards. */
  private State random(int point, Recording fine, BitSet open, int oneIn) {
    BitSet lost = new BitSet();
    List<Integer> names = new ArrayList<>();
    for (int i = open.nextSetBit(0); i >= 0; i = open.nextSetBit(i + 1)) {
      if (isName(fine.ops().get(i))) {
        names.add(i);
      } else if (random.nextInt(oneIn) == 0) {
        lost.set(i);
      }
    }
    int keptNames = random.nextInt(names.size() + 1);
    names.subList(keptNames, names.size()).forEach(lost::set);
    return new State(
        "lost " + lost.cardinality() + " of " + open.cardinality(),
        point,
        fine,
        i -> !lost.get(i),
        true);
  }

  private static boolean isName(Op op) {
    return switch (op) {
      case Op.MakeDirectory _, Op.RemoveDirectory _, Op.Create _, Op.Remove _, Op.Rename _ -> true;
      case Op.Write _, Op.Resize _, Op.Zero _, Op.Sync _, Op.SyncDirectory _ -> false;
    };
  }

  /** The first operations, with unsynced writes cut into the sectors that media take as a whole. */
  private Recording fine(int point) {
    BitSet open = recording.unsynced(point);
    List<Op> ops = new ArrayList<>();
    for (int i = 0; i < point; i++) {
      Op op = recording.ops().get(i);
      if (op instanceof Op.Write w && open.get(i) && !zeros(w.bytes())) {
        sectors(w, ops);
      } else {
        ops.add(op);
      }
    }
    return new Recording(ops, recording.present());
  }

  private static void sectors(Op.Write w, List<Op> into) {
    int from = 0;
    while (from < w.bytes().length) {
      long at = w.offset() + from;
      int to = (int) Math.min(w.bytes().length, from + SECTOR - at % SECTOR);
      into.add(new Op.Write(w.file(), at, Arrays.copyOfRange(w.bytes(), from, to)));
      from = to;
    }
  }

  /** Renames of the file of term and vote that no sync of its directory follows. */
  List<Op> votesThatMayGo() {
    List<Op> open = new ArrayList<>();
    List<Op> ops = recording.ops();
    for (int i = 0; i < ops.size(); i++) {
      if (ops.get(i) instanceof Op.Rename r && r.to().endsWith("/raft-meta")) {
        open.add(r);
      } else if (ops.get(i) instanceof Op.SyncDirectory d) {
        open.removeIf(o -> o instanceof Op.Rename r && r.to().equals(d.path() + "/raft-meta"));
      }
    }
    return open;
  }
}
