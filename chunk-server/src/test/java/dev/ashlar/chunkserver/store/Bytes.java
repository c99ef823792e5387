package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Content for blocks, and waiting for answers. */
final class Bytes {
  static final long GROUP = 7;

  private Bytes() {}

  static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  static BlockWrite write(BlockKey key, long epoch, long base, int keep, int offset, byte[] part) {
    return new BlockWrite(
        key, GROUP, epoch, base, keep, offset, Checksums.slices(ByteBuffer.wrap(part)));
  }

  /** Writes a whole block (after {@code keep} bytes) in parts, and seals it. */
  static void put(
      BlockStore store, BlockKey key, long epoch, long base, int keep, byte[] whole, int partBytes)
      throws IOException {
    for (int at = keep; at < whole.length; at += partBytes) {
      byte[] part = Arrays.copyOfRange(whole, at, Math.min(whole.length, at + partBytes));
      BlockWrite w = write(key, epoch, base, keep, at, part);
      if (at + part.length < whole.length) {
        get(store.write(w, direct(part)));
      } else {
        get(store.writeAndSeal(w, direct(part)));
      }
    }
    if (keep == whole.length) {
      get(store.seal(key, GROUP, epoch, base, keep, keep));
    }
  }

  static void put(BlockStore store, BlockKey key, byte[] whole) throws IOException {
    put(store, key, 1, 0, 0, whole, 1 << 20);
  }

  /** Reads a range through its extents and checks every slice. */
  static byte[] read(BlockStore store, BlockKey key, long offset, int length) throws IOException {
    try (BlockBytes located = store.locate(key, offset, length)) {
      ByteBuffer out = ByteBuffer.allocate(located.length());
      for (FileExtent e : located.extents()) {
        ByteBuffer part = out.slice(out.position(), e.length());
        while (part.hasRemaining() && e.channel().read(part, e.position() + part.position()) > 0) {}
        out.position(out.position() + e.length());
      }
      int[] crcs = Checksums.slices(out.flip());
      if (!Arrays.equals(crcs, located.crcs())) {
        throw new AshlarException(ErrorCode.CORRUPT, key + " read other bytes than were written");
      }
      return out.array();
    }
  }

  static byte[] read(BlockStore store, BlockKey key) throws IOException {
    return read(store, key, 0, Integer.MAX_VALUE >> 1);
  }

  static <T> T get(CompletableFuture<T> future) throws IOException {
    try {
      return future.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AshlarException a) {
        throw a;
      }
      throw new IOException(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new IOException(e);
    }
  }
}
