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
          "-XX:+UseSerialGC",
          "-Xlog:disable",
          "-Xlog:all=error:stderr",
          "-Xlog:aot*=off",
          "-Xlog:cds*=off",
          "-Xss512k");

  private static final Path SETSID = Path.of("/usr/bin/setsid");

  private JavaCommand() {}

  /**
   * A server in a process of its own session: a key pressed on the terminal, or its end, does not
   * reach it.
   *
   * @param heap such as 256m
   * @param direct most off-heap buffer memory, such as 256m
   */
  static List<String> server(String heap, String direct, List<String> arguments) {
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
    command.add("-Xmx" + heap);
    command.add("-XX:MaxDirectMemorySize=" + direct);
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    return command;
  }
}
