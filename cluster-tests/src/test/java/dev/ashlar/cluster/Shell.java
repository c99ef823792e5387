package dev.ashlar.cluster;

import dev.ashlar.torture.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the program as a person would: a process, its arguments, its exit code and what it printed.
 */
final class Shell {
  /** The parent pom's flags, handed on by surefire as this JVM's own arguments. */
  private static final List<String> JVM =
      List.of(
          "--add-modules=jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "-XX:+UseSerialGC",
          "-Xmx256m");

  record Result(int exit, String out, String err) {
    Result mustSucceed() {
      if (exit != 0) {
        throw new AssertionError("exit " + exit + "\n" + out + err);
      }
      return this;
    }
  }

  private Shell() {}

  static Result ashlar(Duration limit, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), "dev.ashlar.launcher.Main"));
    command.addAll(List.of(arguments));
    return run(limit, command);
  }

  static Result run(Duration limit, List<String> command) {
    try {
      Path out = Files.createTempFile("ashlar-test", ".out");
      Path err = Files.createTempFile("ashlar-test", ".err");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        process.getOutputStream().close();
        long seconds = limit.toSeconds() * Await.PATIENCE;
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          throw new AssertionError(
              "Not done within "
                  + seconds
                  + " s: "
                  + command.getLast()
                  + "\n"
                  + text(out)
                  + text(err));
        }
        return new Result(process.exitValue(), text(out), text(err));
      } finally {
        Files.deleteIfExists(out);
        Files.deleteIfExists(err);
      }
    } catch (IOException e) {
      throw new AssertionError("Cannot run " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("Interrupted while running " + command, e);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
