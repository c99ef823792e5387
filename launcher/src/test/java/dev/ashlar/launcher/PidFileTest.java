package dev.ashlar.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PidFileTest {
  @TempDir Path dir;

  @Test
  void holdsTheNumberAndNothingElse() throws IOException {
    Path file = dir.resolve("pids/server-1");
    new PidFile(file).claim();
    assertEquals(ProcessHandle.current().pid(), Long.parseLong(Files.readString(file).strip()));
    new PidFile(file).release();
    assertFalse(Files.exists(file));
  }

  @Test
  void aProcessThatIsNotThisProgramDoesNotCount() throws IOException {
    Path file = dir.resolve("server-1");
    new PidFile(file).claim(); // the tests' own process, which does not run Main
    assertTrue(new PidFile(file).process().isEmpty());
  }

  @Test
  void nonsenseAndAbsenceAreNoProcess() throws IOException {
    assertTrue(new PidFile(dir.resolve("none")).process().isEmpty());
    Path file = Files.writeString(dir.resolve("bad"), "one\n");
    assertTrue(new PidFile(file).process().isEmpty());
  }

  @Test
  void anothersFileIsNotReleased() throws IOException {
    Path file = Files.writeString(dir.resolve("server-1"), "1\n");
    new PidFile(file).release();
    assertTrue(Files.exists(file));
  }
}
