package dev.ashlar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** The arithmetic against a model that places one byte after the other. */
class BlockLayoutTest {
  private static final String[] POLICIES = {
    "rs-6-3", "rs-1-1-16k", "xor-3-1-16k", "mirror-3", "rs-4-2-32k", "mirror-1-16k", "rs-2-0-16k"
  };

  /** Length of every block, found by walking over the chunk cell by cell. */
  private static long[] walk(Policy policy, long chunkLength) {
    long[] lengths = new long[policy.width()];
    long left = chunkLength;
    while (left > 0) {
      long firstCell = Math.min(left, policy.cellBytes());
      for (int i = 0; i < policy.k(); i++) {
        long cell = Math.min(left, policy.cellBytes());
        lengths[i] += cell;
        left -= cell;
      }
      for (int i = policy.k(); i < policy.width(); i++) {
        lengths[i] += firstCell;
      }
    }
    return lengths;
  }

  @Test
  void lengthsAreThoseOfTheModel() {
    long seed = Seed.next();
    Random random = new Random(seed);
    for (String text : POLICIES) {
      Policy policy = Policy.parse(text);
      for (int i = 0; i < 300; i++) {
        check(policy, random.nextLong(policy.chunkBytes() + 1), seed);
        check(
            policy,
            Math.min(policy.chunkBytes(), random.nextLong(3L * policy.stripeBytes())),
            seed);
      }
      for (long edge :
          new long[] {
            0,
            1,
            policy.cellBytes() - 1,
            policy.cellBytes(),
            policy.cellBytes() + 1,
            policy.stripeBytes(),
            policy.stripeBytes() + 1,
            policy.chunkBytes()
          }) {
        check(policy, Math.min(edge, policy.chunkBytes()), seed);
      }
    }
  }

  private static void check(Policy policy, long chunkLength, long seed) {
    long[] lengths = walk(policy, chunkLength);
    long mask = 0;
    long data = 0;
    for (int i = 0; i < lengths.length; i++) {
      int block = i;
      assertEquals(
          lengths[i],
          BlockLayout.blockLength(policy, chunkLength, i),
          () -> policy + " of " + chunkLength + " bytes, block " + block + ", seed " + seed);
      mask |= lengths[i] > 0 ? 1L << i : 0;
      data += i < policy.k() ? lengths[i] : 0;
    }
    assertEquals(chunkLength, data);
    assertEquals(
        mask,
        BlockLayout.storedMask(policy, chunkLength),
        () -> policy + " of " + chunkLength + " bytes, seed " + seed);
  }

  @Test
  void fullChunkHasFullBlocks() {
    Policy policy = Policy.parse("rs-6-3");
    for (int i = 0; i < policy.width(); i++) {
      assertEquals(
          BlockLayout.BLOCK_BYTES, BlockLayout.blockLength(policy, policy.chunkBytes(), i));
    }
  }

  @Test
  void widestPolicyFitsTheMask() {
    assertEquals(
        -1L, BlockLayout.storedMask(new Policy(Policy.Kind.RS, 32, 32, 16 << 10), 64L << 20));
  }

  @Test
  void slicesCoverEveryByte() {
    assertEquals(0, BlockLayout.slices(0));
    assertEquals(1, BlockLayout.slices(1));
    assertEquals(1, BlockLayout.slices(BlockLayout.SLICE_BYTES));
    assertEquals(2, BlockLayout.slices(BlockLayout.SLICE_BYTES + 1));
    assertEquals(512, BlockLayout.slices(BlockLayout.BLOCK_BYTES));
  }
}
