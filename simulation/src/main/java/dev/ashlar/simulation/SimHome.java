package dev.ashlar.simulation;

import dev.ashlar.chunkserver.store.DiskHome;
import dev.ashlar.chunkserver.store.DiskIo;
import dev.ashlar.chunkserver.store.OrderedStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Path;

/** A simulated disk as one process holds it. */
final class SimHome implements DiskHome {
  private final SimDisk disk;
  private final SimIo io;
  private final Path path;

  /**
   * @param path must not exist on the real machine
   */
  SimHome(SimDisk disk, SimIo io, Path path) {
    this.disk = disk;
    this.io = io;
    this.path = path;
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public long disk() {
    return disk.disk();
  }

  @Override
  public long cluster() {
    return disk.cluster();
  }

  @Override
  public void adopt(long cluster) throws IOException {
    if (disk.cluster() != 0 && disk.cluster() != cluster) {
      throw new AshlarException(ErrorCode.INVALID, "The disk belongs to another cluster");
    }
    disk.cluster(cluster);
  }

  @Override
  public void check() throws IOException {
    io.require();
  }

  @Override
  public boolean prepareIndex() {
    if (disk.trustedIndex() != null) {
      return true;
    }
    disk.resetIndex();
    return false;
  }

  @Override
  public void resetIndex() {
    disk.resetIndex();
  }

  @Override
  public void distrustIndex() {
    disk.distrustIndex();
  }

  @Override
  public OrderedStore openIndex() {
    return disk.index();
  }

  @Override
  public DiskIo openLog() {
    return io;
  }

  @Override
  public void close() {}
}
