package dev.ashlar.master.raft;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import org.apache.ratis.protocol.exceptions.ChecksumException;
import org.jspecify.annotations.Nullable;

/** Says in one sentence why a master cannot start, and what to do. */
final class StartFailure {
  private StartFailure() {}

  /**
   * Some of what the others may count on is lost or was changed.
   *
   * @param what is wrong, where: a part of a sentence
   */
  static AshlarException damaged(RaftSetup setup, String what) {
    return new AshlarException(
        ErrorCode.CORRUPT,
        "Master "
            + setup.name()
            + " is damaged and must not take part any more: "
            + what
            + ". Nothing was changed. "
            + replace(setup.name()));
  }

  /**
   * The end of the log is unreadable after a restart of the machine.
   *
   * @param last entry that is good
   */
  static AshlarException torn(RaftSetup setup, @Nullable Path file, long last) {
    return new AshlarException(
        ErrorCode.CORRUPT,
        "The end of the Raft log of master "
            + setup.name()
            + " in "
            + file
            + " is unreadable behind entry "
            + last
            + ": it was being written when the machine stopped, or is damaged, and the others may count on it. Nothing was changed. "
            + replace(setup.name())
            + ". Only if so many masters say this that no majority is left, start them with --accept-torn-end: what was done in the last moment before may then be lost");
  }

  private static String replace(String name) {
    return "Give this master an empty directory and a new name, run 'bin/ashlar masters replace "
        + name
        + " NEW-NAME RAFT-ADDRESS CLIENT-ADDRESS' against a running master, and start it with --join";
  }

  static AshlarException explain(RaftSetup setup, Throwable failure) {
    Path dir = setup.dir().resolve("raft");
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof AshlarException a) {
        return a;
      }
      if (t instanceof ChecksumException) {
        return damaged(setup, dir + " does not match its checksums (" + t.getMessage() + ")");
      }
      if (t instanceof OverlappingFileLockException
          || String.valueOf(t.getMessage()).contains("lock")) {
        return new AshlarException(
            ErrorCode.UNAVAILABLE,
            "The directory "
                + setup.dir()
                + " is in use by another master process; stop that one first",
            failure);
      }
    }
    return new AshlarException(
        ErrorCode.UNAVAILABLE,
        "Raft of master " + setup.name() + " in " + dir + " cannot start: " + failure,
        failure);
  }

  /**
   * The library reports a port in use in many words and leaves threads behind, so it is tried
   * beforehand.
   */
  static void checkPort(String name, InetSocketAddress address) throws AshlarException {
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(address);
    } catch (IOException e) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          "Master "
              + name
              + " cannot listen for other masters on "
              + address.getHostString()
              + ":"
              + address.getPort()
              + " ("
              + e.getMessage()
              + "): choose another Raft address or stop what uses it",
          e);
    }
  }
}
