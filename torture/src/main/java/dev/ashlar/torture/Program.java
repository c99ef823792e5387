package dev.ashlar.torture;

import java.util.List;

/** How a server of this program is started as a process of its own. */
public interface Program {
  /**
   * The whole command line.
   *
   * @param arguments the command of the program and its flags
   */
  List<String> command(boolean master, List<String> arguments);
}
