package dev.ashlar.cluster.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.torture.faultfs.FaultFs;
import dev.ashlar.torture.faultfs.PowerCut;
import dev.ashlar.torture.faultfs.Recording;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.apache.ratis.util.AtomicFileOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file of a master's term and vote, as it is replaced before the vote is given. */
final class VoteFileTest {
  @TempDir Path dir;

  @Test
  void aVoteThatWasWrittenOutlivesAPowerCut() throws IOException {
    Optional<String> whyNot = FaultFs.whyNot();
    assumeTrue(whyNot.isEmpty(), () -> "skipped: " + whyNot.orElse(""));
    try (FaultFs fs =
        FaultFs.mount(Files.createDirectory(dir.resolve("lower")), dir.resolve("mount"))) {
      Path file = fs.mountPoint().resolve("raft-meta");
      write(file, "term=1");
      fs.startRecording();
      write(file, "term=2");
      Recording recording = fs.stopRecording();
      assertTrue(recording.unsynced(recording.ops().size()).isEmpty());
      fs.powerCut(PowerCut.LOSE_ALL, new Random(1));
      fs.powerOn();
      assertEquals("term=2", Files.readString(file));
    }
  }

  private static void write(Path file, String text) throws IOException {
    try (AtomicFileOutputStream out = new AtomicFileOutputStream(file.toFile())) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}
