package dev.ashlar.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How this program starts another process of itself. */
final class JavaCommand {
  /** The parent pom's jvm.flags, without vector code; bin/ashlar has them too. */
  static final List<String> FLAGS =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");

  /** Much memory is better left to the page cache. */
  private static final List<String> SERVER =
      List.of(
          "-XX:+UseSerialGC",
          "-Xlog:disable",
          "-Xlog:all=error:stderr",
          "-Xlog:aot*=off",
          "-Xlog:cds*=off",
          "-XX:+UnlockDiagnosticVMOptions",
          "-XX:ArchiveRelocationMode=0", // the cache's pages stay shared between processes
          "-XX:TrimNativeHeapInterval=10000", // else what a compiler took once is kept for good
          "-Xss512k");

  /** Where the start script keeps the caches of classes. */
  private static final String CACHES = "ashlar.caches";

  private static final String TABLES = "-Dashlar.erasure.kernel=scalar";

  /** MiB of the old generation at the start: a JVM whose cache's objects do not fit ends. */
  private static final int CACHED_OBJECTS = 16;

  private static final Path SETSID = Path.of("/usr/bin/setsid");

  /**
   * What a process is for, and so how it is compiled. The start script records a cache of classes
   * for each (of this name, ending in .aot), with the same flags.
   */
  enum Kind {
    /** Clients within: with vector code, which keeps the JVM from archiving its modules. */
    FULL,

    /** A master: both compilers, and nothing to encode. */
    MASTER,

    /**
     * What costs a chunk server time is the kernel, checksums and copying, none of which gets
     * faster by the second compiler; its work costs more than it gives back, in time and in memory.
     * Vector code would need it, so rebuilding runs on tables.
     */
    LIGHT;

    private List<String> flags() {
      return switch (this) {
        case FULL ->
            List.of(
                "--add-modules=jdk.incubator.vector",
                "--add-opens=java.base/java.io=ALL-UNNAMED"); // as the cache was made with
        case MASTER ->
            List.of(
                TABLES,
                // Its messages are small: both copies of Netty take memory for them by 1 MiB.
                "-Dio.netty.allocator.maxOrder=7",
                "-Dorg.apache.ratis.thirdparty.io.netty.allocator.maxOrder=7");
        case LIGHT ->
            List.of(
                "-XX:TieredStopAtLevel=1",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:-AOTReplayTraining", // compiling what a long run found hot delays a start
                TABLES);
      };
    }

    private String cache() {
      return name().toLowerCase(Locale.ROOT) + ".aot";
    }
  }

  private JavaCommand() {}

  /**
   * Memory of a process, in MiB.
   *
   * @param young part of the heap for new objects, which is touched whole before any is collected
   * @param direct most off-heap buffer memory
   */
  record Memory(int heap, int young, int direct) {}

  /**
   * Servers in a process of its own session: a key pressed on the terminal, or its end, does not
   * reach it.
   */
  static List<String> server(Kind kind, Memory memory, List<String> arguments) {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      command.add(SETSID.toString());
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(kind.flags());
    command.addAll(FLAGS);
    command.addAll(SERVER);
    String caches = System.getProperty(CACHES);
    if (caches != null) {
      Path cache = Path.of(caches, kind.cache());
      if (Files.isReadable(cache)) {
        command.add("-XX:AOTCache=" + cache);
      }
      command.add("-D" + CACHES + "=" + caches);
    }
    command.add("-Xms" + (memory.young + CACHED_OBJECTS) + "m");
    command.add("-Xmx" + memory.heap + "m");
    command.add("-Xmn" + memory.young + "m");
    command.add("-XX:MaxDirectMemorySize=" + memory.direct + "m");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    return command;
  }
}
