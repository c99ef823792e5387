package dev.ashlar.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final long SECOND = 1_000_000_000;

  @Test
  void showsShareRateAndTimeLeft() {
    assertEquals(
        "put [############............] 50%  512 KiB of 1.00 MiB  0.5 MB/s  1.0 s left",
        Progress.line("put", 0, 1, 1 << 19, 1 << 20, SECOND));
  }

  @Test
  void countsFiles() {
    assertEquals("rm 3 of 9 files  0 B  0.0 MB/s", Progress.line("rm", 3, 9, 0, 0, SECOND));
  }

  @Test
  void writesNothingInAPipe() {
    TestTerminal terminal = TestTerminal.create();
    try (Progress p = Progress.start("put", terminal.terminal())) {
      p.expect(1, 100);
      p.bytes(100);
      p.file();
      assertEquals(100, p.doneBytes());
    }
    assertTrue(terminal.err().isEmpty(), terminal::err);
  }
}
