package dev.ashlar.chunkserver.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is on media after a prefix of a history, and which later changes are not proven to be. Any
 * selection of those is something that a power cut may leave.
 */
final class CrashDisk {
  /**
   * A disk as the next start finds it.
   *
   * @param index null if there is none that may be used
   */
  record Image(NavigableMap<String, byte[]> files, @Nullable NavigableMap<byte[], byte[]> index) {}

  /** Which parts of what was not synced are on media all the same. */
  interface Choice {
    /**
     * @param change position in {@link #unsynced}
     * @param sector of a write, counted from its first one; 0 for other changes
     */
    boolean keeps(int change, int sector);
  }

  private final Map<Integer, byte[]> media = new HashMap<>();
  private final NavigableMap<String, Integer> names = new TreeMap<>();
  private final List<CrashOp> unsynced = new ArrayList<>();
  private final List<NavigableMap<byte[], byte[]>> indexes = new ArrayList<>();

  /** A disk that holds what is in an image, all of it lasting. */
  CrashDisk(Image start) {
    int file = 0;
    for (Map.Entry<String, byte[]> e : start.files().entrySet()) {
      media.put(--file, e.getValue());
      names.put(e.getKey(), file);
    }
    if (start.index() != null) {
      indexes.add(start.index());
    }
  }

  void apply(CrashOp op) {
    switch (op) {
      case CrashOp.Naming n -> {
        media.putIfAbsent(n.file(), new byte[0]);
        unsynced.add(n);
      }
      case CrashOp.Filling f -> unsynced.add(f);
      case CrashOp.Sync s -> settle(s.file());
      case CrashOp.SyncNames _ -> {
        for (CrashOp u : unsynced) {
          if (u instanceof CrashOp.Naming n) {
            rename(names, n);
          }
        }
        unsynced.removeIf(CrashOp.Naming.class::isInstance);
      }
      case CrashOp.Commit c -> indexes.add(c.index());
    }
  }

  private void settle(int file) {
    byte[] bytes = media.getOrDefault(file, new byte[0]);
    for (CrashOp u : unsynced) {
      if (u instanceof CrashOp.Filling f && f.file() == file) {
        bytes = changed(bytes, f, (_, _) -> true, 0);
      }
    }
    media.put(file, bytes);
    unsynced.removeIf(u -> u instanceof CrashOp.Filling f && f.file() == file);
  }

  /** Changes that may be lost, oldest first. */
  List<CrashOp> unsynced() {
    return unsynced;
  }

  /** Committed states of the index, oldest first. */
  List<NavigableMap<byte[], byte[]>> indexes() {
    return indexes;
  }

  /** What a power cut leaves; the index is not trusted after one. */
  Image cut(Choice choice) {
    return image(choice, null);
  }

  /** What the end of the process leaves. */
  Image killed(Choice choice) {
    return image(choice, indexes.isEmpty() ? null : indexes.getLast());
  }

  Image image(Choice choice, @Nullable NavigableMap<byte[], byte[]> index) {
    Map<Integer, byte[]> content = new HashMap<>(media);
    NavigableMap<String, Integer> listed = new TreeMap<>(names);
    for (int i = 0; i < unsynced.size(); i++) {
      switch (unsynced.get(i)) {
        case CrashOp.Naming n -> {
          if (choice.keeps(i, 0)) {
            rename(listed, n);
          }
        }
        case CrashOp.Filling f ->
            content.put(
                f.file(), changed(content.getOrDefault(f.file(), new byte[0]), f, choice, i));
        case CrashOp.Sync _, CrashOp.SyncNames _, CrashOp.Commit _ ->
            throw new IllegalStateException("A sync is never lost");
      }
    }
    NavigableMap<String, byte[]> files = new TreeMap<>();
    listed.forEach((name, file) -> files.put(name, content.getOrDefault(file, new byte[0])));
    return new Image(files, index);
  }

  private static void rename(NavigableMap<String, Integer> names, CrashOp.Naming change) {
    switch (change) {
      case CrashOp.Create c -> names.put(c.name(), c.file());
      case CrashOp.Delete d -> names.remove(d.name(), d.file());
    }
  }

  private static byte[] changed(byte[] bytes, CrashOp.Filling change, Choice choice, int number) {
    return switch (change) {
      case CrashOp.Truncate t ->
          t.size() < bytes.length && choice.keeps(number, 0)
              ? Arrays.copyOf(bytes, (int) t.size())
              : bytes;
      case CrashOp.Write w -> {
        byte[] out = bytes;
        for (int s = 0; s < w.sectors(); s++) {
          if (choice.keeps(number, s)) {
            int from = w.sectorStart(s);
            int to = w.sectorStart(s + 1);
            out = out == bytes ? roomy(bytes, w) : out;
            System.arraycopy(w.data(), from, out, (int) w.position() + from, to - from);
          }
        }
        yield out == bytes ? bytes : trimmed(out, bytes.length, w, choice, number);
      }
    };
  }

  private static byte[] roomy(byte[] bytes, CrashOp.Write w) {
    return Arrays.copyOf(bytes, (int) Math.max(bytes.length, w.position() + w.data().length));
  }

  /** The file ends behind the last sector that was kept. */
  private static byte[] trimmed(
      byte[] out, int before, CrashOp.Write w, Choice choice, int number) {
    int last = w.sectors() - 1;
    while (!choice.keeps(number, last)) {
      last--;
    }
    int end = (int) Math.max(before, w.position() + w.sectorStart(last + 1));
    return end == out.length ? out : Arrays.copyOf(out, end);
  }
}
