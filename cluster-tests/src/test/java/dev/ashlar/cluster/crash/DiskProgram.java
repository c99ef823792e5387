package dev.ashlar.cluster.crash;

import dev.ashlar.chunkserver.store.BlockWrite;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * A disk's store as a process of its own: does what each line of its input says, and answers each
 * with a line when it is durable.
 */
final class DiskProgram {
  static final DiskOptions OPTIONS =
      DiskOptions.DEFAULTS.withSegment(256 << 10).withReserve(0).withPunch(4096);

  private DiskProgram() {}

  /** Argument: the data directory. */
  public static void main(String[] args) throws Exception {
    Path dir = Path.of(args[0]);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (DiskStore store = DiskStore.open(dir, OPTIONS)) {
      System.out.println("disk " + store.diskId());
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        run(store, line.split(" ", -1));
        System.out.println("done");
      }
    }
  }

  private static void run(DiskStore store, String[] words) throws Exception {
    switch (words[0]) {
      case "adopt" -> store.adopt(Long.parseLong(words[1]));
      case "put" -> put(store, Long.parseLong(words[1]), Integer.parseInt(words[2]));
      case "delete" ->
          store.delete(List.of(key(Long.parseLong(words[1])))).get(30, TimeUnit.SECONDS);
      default -> throw new IOException("No such thing: " + words[0]);
    }
  }

  private static void put(DiskStore store, long chunk, int length) throws Exception {
    byte[] bytes = content(chunk, length);
    int[] crcs = Checksums.slices(ByteBuffer.wrap(bytes));
    var _ =
        store
            .writeAndSeal(
                new BlockWrite(key(chunk), 7, 1, 0, 0, 0, crcs),
                ByteBuffer.allocateDirect(length).put(bytes).flip())
            .get(30, TimeUnit.SECONDS);
  }

  static BlockKey key(long chunk) {
    return new BlockKey(chunk, 1, 0);
  }

  static byte[] content(long chunk, int length) {
    byte[] bytes = new byte[length];
    new Random(chunk).nextBytes(bytes);
    return bytes;
  }

  static int root(long chunk, int length) {
    int[] crcs = Checksums.slices(ByteBuffer.wrap(content(chunk, length)));
    return Checksums.root(crcs, crcs.length, length);
  }
}
