package dev.ashlar.launcher;

import dev.ashlar.master.server.MasterConfig;
import dev.ashlar.master.server.MasterServer;
import java.io.IOException;
import java.time.Duration;

/** A master with what belongs to it in its process. */
record RunningMaster(MasterServer server, Repacking repacking) implements AutoCloseable {
  /**
   * Starts a master.
   *
   * @param repackEvery between looks at the packs of small files
   */
  static RunningMaster start(MasterConfig config, Duration repackEvery) throws IOException {
    try {
      MasterServer server = MasterServer.start(config);
      return new RunningMaster(
          server, Repacking.start(server, config.name(), config.clientAddress(), repackEvery));
    } catch (IOException e) {
      throw Serving.explained(
          "Master " + config.name(), config.clientAddress() + " and " + config.raftAddress(), e);
    }
  }

  @Override
  public void close() {
    repacking.close();
    server.close();
  }
}
