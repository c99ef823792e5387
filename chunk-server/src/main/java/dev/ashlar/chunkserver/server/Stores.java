package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.server.ChunkServerConfig.DiskDir;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import java.io.IOException;

/** Opens the store of a disk with the settings of the server. */
final class Stores {
  private Stores() {}

  static BlockStore open(DiskDir dir) throws IOException {
    DiskOptions options = DiskOptions.DEFAULTS.withCapacity(dir.capacityBytes());
    return DiskStore.open(dir.path(), options);
  }
}
