package dev.ashlar.master.raft;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import org.apache.ratis.protocol.exceptions.ChecksumException;

/** Says in one sentence why a master cannot start, and what to do. */
final class StartFailure {
  private StartFailure() {}

  static AshlarException explain(RaftSetup setup, Throwable failure) {
    Path dir = setup.dir().resolve("raft");
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof AshlarException a) {
        return a;
      }
      if (t instanceof ChecksumException) {
        return new AshlarException(
            ErrorCode.CORRUPT,
            "The Raft log of master "
                + setup.name()
                + " in "
                + dir
                + " is damaged (a torn end after a power loss, or a bad disk): "
                + t.getMessage()
                + ". Nothing was changed. Give this master an empty directory and a new name, run 'bin/ashlar masters replace "
                + setup.name()
                + " NEW-NAME RAFT-ADDRESS CLIENT-ADDRESS' against a running master, and start it with --join",
            failure);
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
