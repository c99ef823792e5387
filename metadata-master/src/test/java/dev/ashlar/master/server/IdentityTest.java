package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.server.Identity.Founder;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged file never makes a master think that it is another one. */
final class IdentityTest {
  @TempDir Path dir;

  private Identity saved() throws IOException {
    Identity identity =
        Identity.loadOrCreate(dir, "m1")
            .formed(
                "g",
                List.of(new Founder("m1", "a:1", "a:2", 5), new Founder("m2", "b:1", "b:2", 6)))
            .withStarted();
    identity.save(dir);
    return identity;
  }

  private void sameOrRefused(Identity expected, byte[] bytes) throws IOException {
    Files.write(dir.resolve(Identity.FILE), bytes);
    try {
      assertEquals(expected, Identity.loadOrCreate(dir, "m1"));
    } catch (AshlarException e) {
      assertTrue(e.getMessage() != null && e.getMessage().contains(dir.toString()), e.getMessage());
    }
  }

  @Test
  void anyFlippedBitIsSeenOrHarmless() throws IOException {
    Identity identity = saved();
    byte[] good = Files.readAllBytes(dir.resolve(Identity.FILE));
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      sameOrRefused(identity, bad);
    }
    sameOrRefused(identity, good);
  }

  @Test
  void anyCutIsSeen() throws IOException {
    Identity identity = saved();
    byte[] good = Files.readAllBytes(dir.resolve(Identity.FILE));
    for (int size = 0; size < good.length; size++) {
      sameOrRefused(identity, Arrays.copyOf(good, size));
      byte[] zeros = Arrays.copyOf(good, good.length);
      Arrays.fill(zeros, size, zeros.length, (byte) 0);
      sameOrRefused(identity, zeros);
    }
  }

  @Test
  void theOldFormWithoutAChecksumIsStillRead() throws IOException {
    Identity identity = saved();
    String text = Files.readString(dir.resolve(Identity.FILE), StandardCharsets.ISO_8859_1);
    String old =
        text.replace("format=2", "format=1")
            .replaceAll("crc=.*\n", "")
            .replaceAll("promises=.*\n", "");
    Files.writeString(dir.resolve(Identity.FILE), old, StandardCharsets.ISO_8859_1);
    Identity read = Identity.loadOrCreate(dir, "m1");
    assertEquals(identity.incarnation(), read.incarnation());
    assertTrue(read.started() && !read.promises());
  }

  @Test
  void aFolderInItsPlaceIsSaid() throws IOException {
    saved();
    Files.delete(dir.resolve(Identity.FILE));
    Files.createDirectory(dir.resolve(Identity.FILE));
    AshlarException e = assertThrows(AshlarException.class, () -> Identity.loadOrCreate(dir, "m1"));
    assertTrue(String.valueOf(e.getMessage()).contains("masters replace m1"), e.getMessage());
  }
}
