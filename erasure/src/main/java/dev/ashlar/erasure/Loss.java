package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What is left of a stripe.
 *
 * @param code name of the code, for messages
 * @param k data shards of the code
 * @param shards by index, {@code null} for zeros or for no memory
 * @param present by index, as long as {@code shards}
 */
record Loss(String code, int k, @Nullable MemorySegment[] shards, boolean[] present) {
  /**
   * How to make the wanted shards: from k present ones, those of zeros first since they cost
   * nothing, then by index.
   *
   * @throws IllegalArgumentException if too few are present, or a wish makes no sense
   */
  Pattern pattern(int[] wanted) {
    BitSet targets = new BitSet();
    for (int index : wanted) {
      checkWanted(index, targets);
      targets.set(index);
    }
    BitSet zeros = new BitSet();
    BitSet sources = new BitSet();
    int found = choose(zeros, true, 0);
    found = choose(sources, false, found);
    if (found < k) {
      throw new IllegalArgumentException(
          code + " needs " + k + " shards to rebuild others, but only " + found + " are present");
    }
    return new Pattern(sources, zeros, targets, false);
  }

  /** Adds present shards to {@code chosen} until k are found; those of zeros, or the others. */
  private int choose(BitSet chosen, boolean zeros, int found) {
    int count = found;
    for (int i = 0; i < present.length && count < k; i++) {
      if (present[i] && (shards[i] == null) == zeros) {
        chosen.set(i);
        count++;
      }
    }
    return count;
  }

  private void checkWanted(int index, BitSet before) {
    if (index < 0 || index >= shards.length) {
      throw new IllegalArgumentException(
          code + " has no shard " + index + ", only 0 to " + (shards.length - 1));
    }
    if (present[index]) {
      throw new IllegalArgumentException("Shard " + index + " is both present and wanted");
    }
    if (before.get(index)) {
      throw new IllegalArgumentException("Shard " + index + " is wanted twice");
    }
    if (shards[index] == null) {
      throw new IllegalArgumentException(
          "Shard " + index + " is wanted but no memory was given for it");
    }
  }
}
