package dev.ashlar.torture.faultfs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Every change of a directory tree, in order, and what a crash after any of them may leave.
 *
 * @param present how many of the operations make what was there when recording began
 */
public record Recording(List<Op> ops, int present) {
  /** Keeps a copy of the list, not of the bytes in it. */
  public Recording {
    ops = List.copyOf(ops);
  }

  /** Makes the tree as it was after the first {@code count} operations, in an empty directory. */
  public void materialise(int count, Path into) throws IOException {
    materialise(count, _ -> true, into);
  }

  /**
   * Makes the tree that the first {@code count} operations leave if only some of them happened.
   * Those that concern a file or name which is not there then are left out too.
   *
   * @param kept asked for the number of each operation, 0 being the first. What is not {@link
   *     #unsynced} must be kept; of the others, writes and sizes may be lost in any combination,
   *     names only from the last one backwards
   * @param into an empty directory, or a new one
   */
  public void materialise(int count, IntPredicate kept, Path into) throws IOException {
    Replay replay = new Replay();
    for (int i = 0; i < count; i++) {
      if (kept.test(i)) {
        replay.apply(ops.get(i));
      }
    }
    replay.writeTo(into);
  }

  /**
   * Numbers of those of the first {@code count} operations that a crash after them may lose: bytes
   * and sizes that no later sync of their file covers, and names that no later sync of anything
   * covers (file systems with a journal make all names durable then).
   */
  public BitSet unsynced(int count) {
    BitSet open = new BitSet();
    BitSet names = new BitSet();
    Map<Long, BitSet> bytes = new HashMap<>();
    for (int i = present; i < count; i++) {
      switch (ops.get(i)) {
        case Op.Write w -> of(bytes, w.file()).set(i);
        case Op.Resize r -> of(bytes, r.file()).set(i);
        case Op.Zero z -> of(bytes, z.file()).set(i);
        case Op.Sync s -> {
          of(bytes, s.file()).clear();
          names.clear();
        }
        case Op.SyncDirectory _ -> names.clear();
        case Op.MakeDirectory _, Op.RemoveDirectory _, Op.Create _, Op.Remove _, Op.Rename _ ->
            names.set(i);
      }
    }
    open.or(names);
    bytes.values().forEach(open::or);
    return open;
  }

  private static BitSet of(Map<Long, BitSet> bytes, long file) {
    return bytes.computeIfAbsent(file, _ -> new BitSet());
  }
}
