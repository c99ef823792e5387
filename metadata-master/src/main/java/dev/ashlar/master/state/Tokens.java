package dev.ashlar.master.state;

import dev.ashlar.protocol.BlockToken;

/** Signs tokens with the cluster's newest key and an expiry of the leader's choice. */
@FunctionalInterface
public interface Tokens {
  /**
   * @param rights sum of {@link BlockToken#READ} and {@link BlockToken#WRITE}
   */
  BlockToken issue(long chunk, long version, int rights, long epoch, long group);
}
