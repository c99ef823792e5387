package dev.ashlar.master.state;

import dev.ashlar.protocol.Policy;

/** Hashes that order disks for a group, the same on every master and in every run. */
final class Rendezvous {
  private Rendezvous() {}

  static long hash(Policy policy, long group, long disk) {
    return mix(mix(mix(policy.toString().hashCode()) ^ group) ^ disk);
  }

  /** The finalizer of SplitMix64: spreads every bit. */
  static long mix(long value) {
    long h = value + 0x9E3779B97F4A7C15L;
    h = (h ^ (h >>> 30)) * 0xBF58476D1CE4E5B9L;
    h = (h ^ (h >>> 27)) * 0x94D049BB133111EBL;
    return h ^ (h >>> 31);
  }
}
