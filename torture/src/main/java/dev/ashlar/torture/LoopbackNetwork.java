package dev.ashlar.torture;

import java.util.List;

/**
 * All processes on the loopback address, where nothing can be cut.
 *
 * @param port the first of twice as many ports as there are members
 * @param reason why nothing better can be had, a sentence
 */
record LoopbackNetwork(int port, String reason) implements Network {
  @Override
  public String address(int member, int which) {
    return "127.0.0.1:" + (port + 2 * member + which);
  }

  @Override
  public List<String> at(int member, List<String> command) {
    return command;
  }

  @Override
  public boolean canCut() {
    return false;
  }

  @Override
  public void cut(int from, int to) {
    throw new IllegalStateException("Nothing can be cut on the loopback address");
  }

  @Override
  public void heal() {
    // nothing was cut
  }

  @Override
  public String description() {
    return "one loopback address, no partitions: " + reason;
  }

  @Override
  public void close() {
    // nothing to give back
  }
}
