package dev.ashlar.torture;

import java.io.IOException;
import java.util.List;

/** Where the processes of a cluster meet, and how they are kept apart. For one thread. */
interface Network extends AutoCloseable {
  /** The place of the clients, which is not that of a member. */
  int CLIENTS = -1;

  /**
   * Address of a member's port.
   *
   * @param port the first or second of its ports: 0 or 1
   */
  String address(int member, int port);

  /** The command that runs {@code command} at a member's place. */
  List<String> at(int member, List<String> command);

  /** Whether {@link #cut} does anything. */
  boolean canCut();

  /** Nothing that one place sends arrives at the other any more; silently. */
  void cut(int from, int to) throws IOException;

  /** Everything arrives again. */
  void heal() throws IOException;

  /** One sentence. */
  String description();

  @Override
  void close() throws IOException;
}
