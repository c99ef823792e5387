package dev.ashlar.chunkserver.server;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * All settings of one chunk server.
 *
 * @param name unique in the cluster, kept over restarts
 * @param bind where requests are taken; port 0 takes any free port
 * @param advertise host:port told to the masters and through them to everybody; empty for the bound
 *     address
 * @param masters client addresses (host:port) of all masters, in any order
 * @param disks one entry per disk
 * @param domain failure domain label; a placement group spreads over different ones
 * @param timing periods and time limits
 * @param rebuild limits of the rebuild worker
 * @param reportBlocks most blocks that one report names: a message has a largest size
 */
public record ChunkServerConfig(
    String name,
    InetSocketAddress bind,
    String advertise,
    List<String> masters,
    List<DiskDir> disks,
    String domain,
    Timing timing,
    RebuildLimits rebuild,
    int reportBlocks) {

  /** About half a megabyte. */
  public static final int REPORT_BLOCKS = 20_000;

  /**
   * One data directory.
   *
   * @param path made if it is missing when the server starts
   * @param capacityBytes most that Ashlar may use there, 0 for all the file system has
   */
  public record DiskDir(Path path, long capacityBytes) {
    public DiskDir {
      if (capacityBytes < 0) {
        throw new IllegalArgumentException(
            "The capacity of disk "
                + path
                + " must be 0 (all) or more bytes, but is "
                + capacityBytes);
      }
    }
  }

  /**
   * @param heartbeat time between two heartbeats when nothing happens
   * @param diskCheck time between two looks at a disk's directory
   * @param diskHang a disk that does not answer that look, or a write, for so long counts as failed
   * @param scrubPeriod every block is re-read and checked within this
   * @param scrubBytesPerSecond most that one disk's scrub reads, however late it is
   */
  public record Timing(
      Duration heartbeat,
      Duration diskCheck,
      Duration diskHang,
      Duration scrubPeriod,
      long scrubBytesPerSecond) {
    public static final Timing DEFAULT =
        new Timing(
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofMinutes(2),
            Duration.ofDays(14),
            64L << 20);

    public Timing {
      positive("heartbeat", heartbeat);
      positive("disk check", diskCheck);
      positive("disk hang", diskHang);
      positive("scrub period", scrubPeriod);
      if (scrubBytesPerSecond < 1) {
        throw new IllegalArgumentException(
            "The scrub rate must be at least 1 byte/s, but is " + scrubBytesPerSecond);
      }
    }

    private static void positive(String what, Duration d) {
      if (d.isZero() || d.isNegative()) {
        throw new IllegalArgumentException(
            "The " + what + " time must be longer than nothing, but is " + d);
      }
    }

    public Timing withScrubPeriod(Duration period) {
      return new Timing(heartbeat, diskCheck, diskHang, period, scrubBytesPerSecond);
    }

    public Timing withHeartbeat(Duration period) {
      return new Timing(period, diskCheck, diskHang, scrubPeriod, scrubBytesPerSecond);
    }
  }

  /**
   * @param slots blocks rebuilt at a time
   * @param bytesPerSecond most that all rebuilds of this server read and write together while no
   *     client is served
   * @param busyBytesPerSecond the same while clients are served
   * @param rangeBytes read from each source at a time, a multiple of the slice size
   * @param slowSource a source that takes longer for one range is replaced by another
   */
  public record RebuildLimits(
      int slots,
      long bytesPerSecond,
      long busyBytesPerSecond,
      int rangeBytes,
      Duration slowSource) {
    public static final RebuildLimits DEFAULT =
        new RebuildLimits(2, 1L << 30, 256L << 20, 512 << 10, Duration.ofSeconds(5));

    public RebuildLimits {
      if (slots < 1 || slots > 64) {
        throw new IllegalArgumentException("Rebuild slots must be 1 to 64, but are " + slots);
      }
      if (bytesPerSecond < 1 || busyBytesPerSecond < 1) {
        throw new IllegalArgumentException("The rebuild rate must be at least 1 byte/s");
      }
      if (rangeBytes < dev.ashlar.protocol.BlockLayout.SLICE_BYTES
          || rangeBytes % dev.ashlar.protocol.BlockLayout.SLICE_BYTES != 0
          || rangeBytes > 1 << 20) {
        throw new IllegalArgumentException(
            "The rebuild range must be a multiple of the slice size up to 1 MiB, but is "
                + rangeBytes
                + " bytes");
      }
    }
  }

  public ChunkServerConfig {
    masters = List.copyOf(masters);
    disks = List.copyOf(disks);
    if (name.isBlank()) {
      throw new IllegalArgumentException("A chunk server needs a name");
    }
    if (reportBlocks < 1) {
      throw new IllegalArgumentException("A block report needs at least one block");
    }
    if (masters.isEmpty()) {
      throw new IllegalArgumentException(
          "Chunk server " + name + " needs the address of at least one master");
    }
    if (disks.isEmpty()) {
      throw new IllegalArgumentException(
          "Chunk server " + name + " needs at least one disk directory");
    }
    Set<Path> seen = new HashSet<>();
    for (DiskDir d : disks) {
      if (!seen.add(d.path().toAbsolutePath().normalize())) {
        throw new IllegalArgumentException(
            "Chunk server " + name + " has the disk directory " + d.path() + " twice");
      }
    }
  }

  /** All defaults; the failure domain is the server itself. */
  public static ChunkServerConfig of(
      String name, InetSocketAddress bind, List<String> masters, List<Path> disks) {
    List<DiskDir> dirs = disks.stream().map(p -> new DiskDir(p, 0)).toList();
    return new ChunkServerConfig(
        name, bind, "", masters, dirs, name, Timing.DEFAULT, RebuildLimits.DEFAULT, REPORT_BLOCKS);
  }

  public ChunkServerConfig withTiming(Timing t) {
    return new ChunkServerConfig(
        name, bind, advertise, masters, disks, domain, t, rebuild, reportBlocks);
  }

  public ChunkServerConfig withRebuild(RebuildLimits r) {
    return new ChunkServerConfig(
        name, bind, advertise, masters, disks, domain, timing, r, reportBlocks);
  }

  public ChunkServerConfig withDomain(String d) {
    return new ChunkServerConfig(
        name, bind, advertise, masters, disks, d, timing, rebuild, reportBlocks);
  }

  public ChunkServerConfig withDisks(List<DiskDir> d) {
    return new ChunkServerConfig(
        name, bind, advertise, masters, d, domain, timing, rebuild, reportBlocks);
  }
}
