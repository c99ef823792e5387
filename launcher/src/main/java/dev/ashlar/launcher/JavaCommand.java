package dev.ashlar.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How this program starts another process of itself. */
final class JavaCommand {
  /** The parent pom's jvm.flags; bin/ashlar has them too. */
  static final List<String> FLAGS =
      List.of(
          "--add-modules=jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");

  /** Much memory is better left to the page cache. */
  private static final List<String> SERVER =
      List.of(
          "--add-opens=java.base/java.io=ALL-UNNAMED", // as the archive was made with
          "-XX:+UseSerialGC",
          "-Xlog:disable",
          "-Xlog:all=error:stderr",
          "-Xlog:aot*=off",
          "-Xlog:cds*=off",
          "-XX:+UnlockDiagnosticVMOptions",
          "-XX:ArchiveRelocationMode=0", // the cache's pages stay shared between processes
          "-Xss512k");

  /**
   * What costs a chunk server time is the kernel, checksums and copying, none of which gets faster
   * by the second compiler; its work costs more than it gives back, in time and in memory. Vector
   * code would need it, so rebuilding runs on tables.
   */
  private static final List<String> CHUNK_SERVER =
      List.of("-XX:TieredStopAtLevel=1", "-Dashlar.erasure.kernel=scalar");

  private static final Path SETSID = Path.of("/usr/bin/setsid");

  private JavaCommand() {}

  /**
   * Memory of a process, each such as 256m.
   *
   * @param young part of the heap for new objects, which is touched whole before any is collected
   * @param direct most off-heap buffer memory
   */
  record Memory(String heap, String young, String direct) {}

  /** A process for one chunk server. See {@link #server}. */
  static List<String> chunkServer(Memory memory, List<String> arguments) {
    List<String> command = server(memory, arguments);
    command.addAll(command.indexOf("-cp"), CHUNK_SERVER);
    return command;
  }

  /**
   * Servers in a process of its own session: a key pressed on the terminal, or its end, does not
   * reach it.
   */
  static List<String> server(Memory memory, List<String> arguments) {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      command.add(SETSID.toString());
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(FLAGS);
    command.addAll(SERVER);
    String cache = System.getProperty("ashlar.aot");
    if (cache != null && Files.isReadable(Path.of(cache))) {
      command.add("-XX:AOTCache=" + cache);
      command.add("-Dashlar.aot=" + cache);
    }
    command.add("-Xms" + memory.young);
    command.add("-Xmx" + memory.heap);
    command.add("-Xmn" + memory.young);
    command.add("-XX:MaxDirectMemorySize=" + memory.direct);
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    return command;
  }
}
