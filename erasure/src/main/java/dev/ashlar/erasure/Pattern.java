package dev.ashlar.erasure;

import java.util.BitSet;

/**
 * Which shards a plan reads and which it makes: the key under which plans are cached. Never changed
 * after creation.
 *
 * @param sources shards that are read
 * @param zeros shards known to be zeros, which count as read; together with {@code sources} exactly
 *     k
 * @param targets shards that are made
 * @param accumulate whether the targets are added to
 */
record Pattern(BitSet sources, BitSet zeros, BitSet targets, boolean accumulate) {
  /** The shards the equations are solved for, ascending: sources and zeros. */
  int[] known() {
    BitSet known = (BitSet) sources.clone();
    known.or(zeros);
    return known.stream().toArray();
  }
}
