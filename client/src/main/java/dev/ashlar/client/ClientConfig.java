package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a client finds its cluster and what it may use.
 *
 * @param masters client addresses of the masters as host:port; some suffice, the rest is learned
 *     from them
 * @param masterDeadline how long an operation looks for a master that can answer before it fails
 * @param masterTry how long one master may take to answer before the next is asked
 * @param blockTimeout after this long without an answer a chunk server has failed a request,
 *     however slow its sisters are
 * @param memoryBytes bound on the off-heap memory of all writers together, and again of all readers
 * @param readAheadBytes of a file that a streaming reader asks for ahead of what it delivered
 * @param hedgeShare extra requests to servers that are not late, as a share of all read requests
 * @param uid owner of what is made through this client
 * @param gid group of what is made through this client
 * @param packBytes files up to this size share chunks with others that are put at the same time; 0:
 *     none do
 * @param packFiles fewer files at a time than this get chunks of their own
 */
public record ClientConfig(
    List<String> masters,
    Duration masterDeadline,
    Duration masterTry,
    Duration blockTimeout,
    long memoryBytes,
    long readAheadBytes,
    double hedgeShare,
    int uid,
    int gid,
    int packBytes,
    int packFiles) {
  /** Client port of the first master of a local cluster. */
  public static final int DEFAULT_PORT = 7420;

  /** Most masters of a local cluster: their client ports are consecutive. */
  static final int LOCAL_MASTERS = 5;

  /** Files up to this size are packed unless a client is told otherwise. */
  public static final int PACK_BYTES = 128 << 10;

  static final long MIN_MEMORY_BYTES = 16L << 20;

  public ClientConfig {
    masters = List.copyOf(masters);
    if (masters.isEmpty()) {
      throw new IllegalArgumentException("At least one master address is needed, as host:port");
    }
    for (String master : masters) {
      port(master);
    }
    if (memoryBytes < MIN_MEMORY_BYTES) {
      throw new IllegalArgumentException(
          "A client needs at least "
              + MIN_MEMORY_BYTES
              + " bytes of memory for transfers, but was given "
              + memoryBytes);
    }
  }

  /**
   * Settings that suit most clients.
   *
   * @param masters as host:port
   */
  public static ClientConfig of(List<String> masters) {
    return new ClientConfig(
        masters,
        Duration.ofSeconds(60),
        Duration.ofSeconds(5),
        Duration.ofSeconds(30),
        96L << 20,
        12L << 20,
        0.05,
        0,
        0,
        PACK_BYTES,
        2);
  }

  /** As {@link #of(List)} from a comma-separated list. */
  public static ClientConfig of(String masters) {
    return of(
        Arrays.stream(masters.split(",", -1))
            .map(String::strip)
            .filter(s -> !s.isEmpty())
            .toList());
  }

  public ClientConfig withMasterDeadline(Duration d) {
    return new ClientConfig(
        masters,
        d,
        masterTry,
        blockTimeout,
        memoryBytes,
        readAheadBytes,
        hedgeShare,
        uid,
        gid,
        packBytes,
        packFiles);
  }

  public ClientConfig withMasterTry(Duration d) {
    return new ClientConfig(
        masters,
        masterDeadline,
        d,
        blockTimeout,
        memoryBytes,
        readAheadBytes,
        hedgeShare,
        uid,
        gid,
        packBytes,
        packFiles);
  }

  public ClientConfig withBlockTimeout(Duration d) {
    return new ClientConfig(
        masters,
        masterDeadline,
        masterTry,
        d,
        memoryBytes,
        readAheadBytes,
        hedgeShare,
        uid,
        gid,
        packBytes,
        packFiles);
  }

  public ClientConfig withMemoryBytes(long bytes) {
    return new ClientConfig(
        masters,
        masterDeadline,
        masterTry,
        blockTimeout,
        bytes,
        readAheadBytes,
        hedgeShare,
        uid,
        gid,
        packBytes,
        packFiles);
  }

  public ClientConfig withOwner(int newUid, int newGid) {
    return new ClientConfig(
        masters,
        masterDeadline,
        masterTry,
        blockTimeout,
        memoryBytes,
        readAheadBytes,
        hedgeShare,
        newUid,
        newGid,
        packBytes,
        packFiles);
  }

  public ClientConfig withPacking(int bytes, int files) {
    return new ClientConfig(
        masters,
        masterDeadline,
        masterTry,
        blockTimeout,
        memoryBytes,
        readAheadBytes,
        hedgeShare,
        uid,
        gid,
        bytes,
        files);
  }

  /**
   * The masters to try: those given; for a single loopback address also the ports of the other
   * masters of a local cluster.
   */
  List<String> candidates() throws AshlarException {
    if (masters.size() > 1) {
      return masters;
    }
    String only = masters.getFirst();
    String host = only.substring(0, only.lastIndexOf(':'));
    int port = port(only);
    if (!isLoopback(host)) {
      return masters;
    }
    List<String> all = new ArrayList<>();
    for (int i = 0; i < LOCAL_MASTERS && port + i <= 65535; i++) {
      all.add(host + ":" + (port + i));
    }
    return all;
  }

  private static boolean isLoopback(String host) throws AshlarException {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          "The master's host name '" + host + "' is unknown: check the address",
          e);
    }
  }

  private static int port(String address) {
    int colon = address.lastIndexOf(':');
    try {
      int port = Integer.parseInt(address.substring(colon + 1));
      if (colon > 0 && port > 0 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(badAddress(address), e);
    }
    throw new IllegalArgumentException(badAddress(address));
  }

  private static String badAddress(String address) {
    return "'"
        + address
        + "' is not an address of a master: write host:port, for example 127.0.0.1:"
        + DEFAULT_PORT;
  }
}
