package dev.ashlar.torture.faultfs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Changes of names that no sync has made durable, in order, as a journal of a real file system
 * keeps them: a power cut loses the last ones, and none before one that it keeps. Guarded by the
 * lock of {@link Names}.
 */
final class Journal {
  /** How to undo a change; paths are those of the lower directory. */
  private sealed interface Change {
    record Created(Path path) implements Change {}

    record MadeDirectory(Path path) implements Change {}

    record Removed(Path path, Path shadow) implements Change {}

    record RemovedDirectory(Path path, int mode) implements Change {}

    record Renamed(Path from, Path to, @Nullable Path replaced) implements Change {}
  }

  private record Entry(Change change, long since) {}

  private final List<Entry> entries = new ArrayList<>();

  private void add(Change change) {
    entries.add(new Entry(change, System.nanoTime()));
  }

  void created(Path path) {
    add(new Change.Created(path));
  }

  void madeDirectory(Path path) {
    add(new Change.MadeDirectory(path));
  }

  /**
   * @param shadow where the file was moved: kept until this is durable
   */
  void removed(Path path, Path shadow) {
    add(new Change.Removed(path, shadow));
  }

  void removedDirectory(Path path, int mode) {
    add(new Change.RemovedDirectory(path, mode));
  }

  /**
   * @param replaced where the file that had the new name was moved, null if there was none
   */
  void renamed(Path from, Path to, @Nullable Path replaced) {
    add(new Change.Renamed(from, to, replaced));
  }

  /** Everything so far is durable; what was removed is gone for ever. */
  void commit() {
    commit(entries.size());
  }

  private void commit(int count) {
    List<Entry> durable = entries.subList(0, count);
    for (Entry e : durable) {
      switch (e.change) {
        case Change.Removed(Path _, Path shadow) -> Libc.unlink(shadow);
        case Change.Renamed(Path _, Path _, Path replaced) when replaced != null ->
            Libc.unlink(replaced);
        default -> {} // nothing was kept for it
      }
    }
    durable.clear();
  }

  /**
   * Loses the last changes, perhaps all, perhaps none.
   *
   * @param writtenBack ns: what is older is durable by itself
   */
  void powerCut(PowerCut how, RandomGenerator random, long writtenBack) {
    int old = 0;
    while (old < entries.size() && entries.get(old).since < writtenBack) {
      old++;
    }
    commit(old);
    int kept = how == PowerCut.LOSE_ALL ? 0 : random.nextInt(entries.size() + 1);
    while (entries.size() > kept) {
      undo(entries.removeLast().change);
    }
    commit();
  }

  private static void undo(Change change) {
    switch (change) {
      case Change.Created(Path path) -> Libc.unlink(path);
      case Change.MadeDirectory(Path path) -> Libc.rmdir(path);
      case Change.Removed(Path path, Path shadow) -> Libc.rename(shadow, path);
      case Change.RemovedDirectory(Path path, int mode) -> Libc.mkdir(path, mode);
      case Change.Renamed(Path from, Path to, Path replaced) -> {
        Libc.rename(to, from);
        if (replaced != null) {
          Libc.rename(replaced, to);
        }
      }
    }
  }
}
