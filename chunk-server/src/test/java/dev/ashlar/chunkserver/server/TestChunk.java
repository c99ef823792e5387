package dev.ashlar.chunkserver.server;

import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.Policy;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A chunk of random bytes, cut and encoded the way a writer does. */
final class TestChunk {
  final Policy policy;
  final int length;
  final byte[][] blocks;
  final int[] roots;

  TestChunk(Policy policy, int length, Random random) {
    this.policy = policy;
    this.length = length;
    int width = policy.width();
    int cell = policy.cellBytes();
    byte[] data = new byte[length];
    random.nextBytes(data);
    blocks = new byte[width][];
    roots = new int[width];
    int longest = (int) BlockLayout.blockLength(policy, length, 0);
    for (int i = 0; i < width; i++) {
      blocks[i] = new byte[longest];
    }
    for (int p = 0; p < length; p++) {
      int stripe = p / policy.stripeBytes();
      int inStripe = p % policy.stripeBytes();
      blocks[inStripe / cell][stripe * cell + inStripe % cell] = data[p];
    }
    ErasureCode code = Codes.of(policy);
    @Nullable MemorySegment[] from = new @Nullable MemorySegment[policy.k()];
    @Nullable MemorySegment[] to = new @Nullable MemorySegment[policy.m()];
    for (int i = 0; i < width; i++) {
      MemorySegment segment = MemorySegment.ofArray(blocks[i]);
      if (i < policy.k()) {
        from[i] = segment;
      } else {
        to[i - policy.k()] = segment;
      }
    }
    code.encode(from, to, longest);
    for (int i = 0; i < width; i++) {
      blocks[i] =
          java.util.Arrays.copyOf(blocks[i], (int) BlockLayout.blockLength(policy, length, i));
      int[] crcs = Checksums.slices(ByteBuffer.wrap(blocks[i]));
      roots[i] = Checksums.root(crcs, crcs.length, blocks[i].length);
    }
  }
}
