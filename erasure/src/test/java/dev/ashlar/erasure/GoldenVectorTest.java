package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Parity equals, byte for byte, what Backblaze's JavaReedSolomon makes. */
class GoldenVectorTest {
  private static final int LENGTH = 1041;

  private record Golden(int k, int m, int parity, String sha256) {}

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void parityEqualsBackblaze(Kernel kernel) throws Exception {
    List<Golden> vectors = vectors();
    assertEquals(13, vectors.size());
    for (boolean heap : new boolean[] {false, true}) {
      for (Golden golden : vectors) {
        try (Arena arena = Arena.ofConfined()) {
          Shards shards = new Shards(arena, heap);
          MemorySegment[] data = new MemorySegment[golden.k];
          for (int i = 0; i < golden.k; i++) {
            data[i] = shards.make(LENGTH, 0);
            for (int j = 0; j < LENGTH; j++) {
              data[i].set(ValueLayout.JAVA_BYTE, j, (byte) (i * 31 + j * 7 + (j >> 8) * 13));
            }
          }
          MemorySegment[] parity = new MemorySegment[golden.m];
          for (int p = 0; p < golden.m; p++) {
            parity[p] = shards.make(LENGTH, 0);
          }
          ErasureCode.reedSolomon(golden.k, golden.m, kernel, kernel).encode(data, parity, LENGTH);
          assertEquals(golden.sha256, sha256(parity[golden.parity]), golden + " heap=" + heap);
          shards.checkGuards();
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.ashlar.erasure.TestKernels#all")
  void parityIsVerified(Kernel kernel) {
    ErasureCode code = ErasureCode.reedSolomon(2, 1, kernel, kernel);
    MemorySegment[] data = {
      MemorySegment.ofArray(new byte[] {1, 2}), MemorySegment.ofArray(new byte[] {3, 4})
    };
    // Row (2,1) is 03 02: 3*1 ^ 2*3 = 5, 3*2 ^ 2*4 = 14.
    MemorySegment[] parity = {MemorySegment.ofArray(new byte[] {5, 14})};
    assertTrue(code.verify(data, parity, 2));
  }

  private static List<Golden> vectors() throws IOException {
    try (InputStream in = GoldenVectorTest.class.getResourceAsStream("backblaze-golden.tsv")) {
      String text =
          new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII);
      List<Golden> vectors = new ArrayList<>();
      for (String line : text.lines().skip(1).toList()) {
        String[] f = line.split("\t", -1);
        vectors.add(
            new Golden(
                Integer.parseInt(f[0]), Integer.parseInt(f[1]), Integer.parseInt(f[2]), f[3]));
      }
      return vectors;
    }
  }

  private static String sha256(MemorySegment shard) throws NoSuchAlgorithmException {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Shards.bytes(shard)));
  }
}
