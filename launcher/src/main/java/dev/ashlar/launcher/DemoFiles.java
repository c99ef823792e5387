package dev.ashlar.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Real files of this machine for the demo: one big, and a tree of many small ones. */
record DemoFiles(Path big, Path tree) {
  private static final Set<String> LEFT_OUT = Set.of("target", ".git", ClusterDirectory.DEFAULT);
  private static final int BUFFER_BYTES = 1 << 20;

  /**
   * Gathers the tree below {@code at}: texts of the running JDK, and the sources of this program if
   * it runs from them.
   */
  static DemoFiles gather(Path at) throws IOException {
    Path jdk = Path.of(System.getProperty("java.home"));
    Path tree = at.resolve("tree");
    Files.createDirectories(tree);
    for (String part : List.of("legal", "include", "conf")) {
      if (Files.isDirectory(jdk.resolve(part))) {
        copy(jdk.resolve(part), tree.resolve("jdk").resolve(part));
      }
    }
    String sources = System.getProperty("ashlar.root", "");
    if (!sources.isEmpty() && Files.isRegularFile(Path.of(sources, "pom.xml"))) {
      copy(Path.of(sources), tree.resolve("ashlar"));
    }
    return new DemoFiles(jdk.resolve("lib").resolve("modules"), tree);
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            if (directory.getFileName() != null
                && LEFT_OUT.contains(directory.getFileName().toString())) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(to.resolve(from.relativize(directory).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (attributes.isRegularFile() || attributes.isSymbolicLink()) {
              Files.copy(
                  file,
                  to.resolve(from.relativize(file).toString()),
                  StandardCopyOption.COPY_ATTRIBUTES,
                  LinkOption.NOFOLLOW_LINKS);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** SHA-256 of every file below a directory, or the target of a symbolic link, by path. */
  static Map<String, String> digests(Path root) throws IOException {
    Map<String, String> digests = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (Files.isSymbolicLink(file)) {
          digests.put(root.relativize(file).toString(), "-> " + Files.readSymbolicLink(file));
        } else if (Files.isRegularFile(file)) {
          digests.put(root.relativize(file).toString(), sha256(file));
        }
      }
    }
    return digests;
  }

  static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Every JDK has SHA-256", e);
    }
  }

  /** Bytes of all files below a directory. */
  static long bytes(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS))
          .mapToLong(f -> f.toFile().length())
          .sum();
    }
  }
}
