package dev.ashlar.torture;

import dev.ashlar.protocol.Policy;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a seed says of a run.
 *
 * @param policy of all files but the replaced ones
 * @param replacedPolicy of files that are replaced while they are read: small blocks, for several
 *     chunks
 * @param tolerated chunk servers that may be hurt at a time
 */
record Plan(
    long seed, int masters, int servers, String policy, String replacedPolicy, int tolerated) {
  static Plan of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    String code =
        List.of("rs-3-2", "rs-4-2", "rs-2-1", "xor-2-1", "mirror-3").get(random.nextInt(5));
    String small = code + "-16k-128k";
    String policy = random.nextBoolean() ? code : small;
    return new Plan(seed, 3, 7, policy, small, Policy.parse(code).m());
  }

  /** Of a chunk of the replaced files. */
  int chunkBytes() {
    return (int) Policy.parse(replacedPolicy).chunkBytes();
  }
}
