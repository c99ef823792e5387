package dev.ashlar.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Files of every awkward size, made from a seed, and the check that a tree read back is the same
 * tree.
 */
final class Corpus {
  private static final int[] SIZES = {
    0,
    1,
    4095,
    16 << 10,
    (16 << 10) + 1,
    64 << 10,
    (64 << 10) - 1,
    192 << 10,
    (192 << 10) + 7,
    1 << 20,
    3_000_000
  };

  private final Path root;

  private Corpus(Path root) {
    this.root = root;
  }

  /**
   * @param bigBytes size of one more file, to span several chunks
   */
  static Corpus make(Path root, Random random, int files, int bigBytes) throws IOException {
    for (int i = 0; i < files; i++) {
      Path dir = root.resolve("dir-" + i % 5);
      Files.createDirectories(dir);
      write(
          dir.resolve("file " + i), random, i < SIZES.length ? SIZES[i] : random.nextInt(200_000));
    }
    write(root.resolve("big"), random, bigBytes);
    return new Corpus(root);
  }

  private static void write(Path file, Random random, int size) throws IOException {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    Files.write(file, bytes);
  }

  Path root() {
    return root;
  }

  /** Every file of this tree stands under {@code other} with the same bytes, and no other file. */
  void mustEqual(Path other) throws IOException {
    List<Path> mine = files(root);
    List<Path> theirs = files(other);
    if (!mine.equals(theirs)) {
      throw new AssertionError(
          "Different names: "
              + mine.size()
              + " written, "
              + theirs.size()
              + " read: "
              + mine
              + " / "
              + theirs);
    }
    for (Path file : mine) {
      long at = Files.mismatch(root.resolve(file), other.resolve(file));
      if (at >= 0) {
        throw new AssertionError(
            file
                + " differs from byte "
                + at
                + " (sizes "
                + Files.size(root.resolve(file))
                + ", "
                + Files.size(other.resolve(file))
                + ")");
      }
    }
  }

  private static List<Path> files(Path root) throws IOException {
    try (Stream<Path> walk = Files.walk(root)) {
      return walk.filter(Files::isRegularFile).map(root::relativize).sorted().toList();
    }
  }
}
