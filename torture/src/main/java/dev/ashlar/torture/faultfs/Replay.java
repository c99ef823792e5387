package dev.ashlar.torture.faultfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** A directory tree in memory that operations are applied to. Not thread-safe. */
final class Replay {
  private static final int PAGE = 4096;

  private static final class Content {
    final TreeMap<Long, byte[]> pages = new TreeMap<>();
    long size;

    void write(long offset, byte[] bytes) {
      int done = 0;
      while (done < bytes.length) {
        long at = offset + done;
        int from = (int) (at % PAGE);
        int count = Math.min(PAGE - from, bytes.length - done);
        byte[] page = pages.computeIfAbsent(at / PAGE, _ -> new byte[PAGE]);
        System.arraycopy(bytes, done, page, from, count);
        done += count;
      }
      size = Math.max(size, offset + bytes.length);
    }

    void zero(long offset, long end) {
      for (long at = offset; at < end; ) {
        long next = Math.min(end, (at / PAGE + 1) * PAGE);
        byte[] page = pages.get(at / PAGE);
        if (page != null) {
          java.util.Arrays.fill(page, (int) (at % PAGE), (int) (at % PAGE + next - at), (byte) 0);
        }
        at = next;
      }
    }

    void resize(long newSize) {
      if (newSize < size) {
        long cut = (newSize + PAGE - 1) / PAGE;
        pages.tailMap(cut, true).clear();
        zero(newSize, cut * PAGE);
      }
      size = newSize;
    }
  }

  private final TreeSet<String> directories = new TreeSet<>();
  private final TreeMap<String, Long> names = new TreeMap<>();
  private final Map<Long, Content> files = new HashMap<>();

  void apply(Op op) {
    switch (op) {
      case Op.MakeDirectory(String path) -> directories.add(path);
      case Op.RemoveDirectory(String path) -> directories.remove(path);
      case Op.Create(long file, String path) -> {
        names.put(path, file);
        files.put(file, new Content());
      }
      case Op.Remove(String path) -> names.remove(path);
      case Op.Rename(String from, String to) -> rename(from, to);
      case Op.Write(long file, long offset, byte[] bytes) -> {
        Content content = files.get(file);
        if (content != null) {
          content.write(offset, bytes);
        }
      }
      case Op.Resize(long file, long size) -> {
        Content content = files.get(file);
        if (content != null) {
          content.resize(size);
        }
      }
      case Op.Zero(long file, long offset, long length, long size) -> {
        Content content = files.get(file);
        if (content != null) {
          content.zero(offset, offset + length);
          content.size = Math.max(content.size, size);
        }
      }
      case Op.Sync _, Op.SyncDirectory _ -> {} // changes nothing that can be seen
    }
  }

  private void rename(String from, String to) {
    Long file = names.remove(from);
    if (file != null) {
      names.put(to, file);
      return;
    }
    if (directories.remove(from)) {
      directories.add(to);
      List<String> below = new ArrayList<>(directories.subSet(from + "/", from + "0"));
      directories.removeAll(below);
      below.forEach(d -> directories.add(to + d.substring(from.length())));
      Map<String, Long> inside = new TreeMap<>(names.subMap(from + "/", from + "0"));
      names.keySet().removeAll(inside.keySet());
      inside.forEach((name, id) -> names.put(to + name.substring(from.length()), id));
    }
  }

  void writeTo(Path root) throws IOException {
    Files.createDirectories(root);
    for (String directory : directories) {
      Files.createDirectories(root.resolve(directory));
    }
    for (Map.Entry<String, Long> e : names.entrySet()) {
      Path path = root.resolve(e.getKey());
      Content content = files.get(e.getValue());
      Path parent = path.getParent();
      if (content != null && parent != null && Files.isDirectory(parent)) {
        write(path, content);
      }
    }
  }

  private static void write(Path path, Content content) throws IOException {
    try (FileChannel out =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (Map.Entry<Long, byte[]> page : content.pages.entrySet()) {
        long at = page.getKey() * PAGE;
        int length = (int) Math.min(PAGE, content.size - at);
        if (length > 0) {
          out.write(ByteBuffer.wrap(page.getValue(), 0, length), at);
        }
      }
      if (out.size() < content.size) {
        out.write(ByteBuffer.allocate(1), content.size - 1);
      }
    }
  }
}
