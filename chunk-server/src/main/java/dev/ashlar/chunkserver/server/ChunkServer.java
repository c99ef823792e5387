package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcHandler;
import dev.ashlar.protocol.rpc.RpcRequest;
import dev.ashlar.protocol.rpc.RpcServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One chunk server: its disks, its port, its link to the masters. Many can live in one process; they share the network threads. Owns everything it starts and closes it
 * all in {@link #close}.
 */
public final class ChunkServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkServer.class);

  private final ChunkServerConfig config;
  private final long boot = new SecureRandom().nextLong() >>> 1;
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final Set<Long> reporting = ConcurrentHashMap.newKeySet();
  private final TokenGate gate = new TokenGate(System::currentTimeMillis);
  private final Outbox outbox = new Outbox(this::nudge);
  private final InetSocketAddress address;
  private final Disks disks;
  private final TaskRunner tasks;
  private final BlockReporter reporter;
  private final List<DiskMinder> minders;
  private volatile @Nullable RpcServer rpc;
  private volatile @Nullable RpcHandler handler;
  private volatile @Nullable MasterLink link;

  /**
   * Starts it: takes the port, opens (formats, recovers) the disks, then serves and heartbeats. Blocks until it serves; does not wait for a master.
   *
   * @throws IOException if the port is taken or no disk works
   */
  public static ChunkServer start(ChunkServerConfig config) throws IOException {
    return new ChunkServer(config);
  }

  private ChunkServer(ChunkServerConfig config) throws IOException {
    this.config = config;
    boolean started = false;
    try {
      // The port first: a second server on the same directories must not get as far as the disks.
      RpcServer server = RpcServer.start(config.bind(), config.name(), Role.CHUNK_SERVER, this::handle);
      rpc = server;
      address = server.address();
      RpcClient masters = own(new RpcClient(config.name(), Role.MASTER));
      RpcClient others = own(new RpcClient(config.name(), Role.CHUNK_SERVER));
      disks = own(Disks.open(config.name(), config.disks(), Stores::open));
      ClientLoad load = new ClientLoad(System::nanoTime);
      Throttle throttle = new Throttle(config.rebuild().bytesPerSecond(), config.rebuild().busyBytesPerSecond(), load::busy, System::nanoTime);
      RpcPeers peers = new RpcPeers(others, config.rebuild().slowSource());
      tasks = own(new TaskRunner(config.name(), config.rebuild().slots(), new Work(disks, peers, config.rebuild(), throttle, outbox), outbox));
      handler = own(new ChunkHandler(config.name(), gate, disks, load));
      MasterLink l = own(new MasterLink(config, masters, outbox, this::heartbeat, this::obey));
      reporter = new BlockReporter(config.name(), l, tasks);
      minders = disks.all().stream().map(d -> own(new DiskMinder(config.name(), d, config.timing(), outbox, this::nudge))).toList();
      minders.forEach(DiskMinder::start);
      link = l;
      l.start();
      started = true;
      LOG.info("Chunk server {} serves {} disks at {}", config.name(), disks.all().size(), advertised());
    } finally {
      if (!started) {
        close();
      }
    }
  }

  private <T extends AutoCloseable> T own(T part) {
    owned.push(part);
    return part;
  }

  /** Where it takes requests. */
  public InetSocketAddress address() {
    return address;
  }

  /** host:port as the masters and everybody else know it. */
  public String advertised() {
    return config.advertise().isEmpty() ? address.getAddress().getHostAddress() + ":" + address.getPort() : config.advertise();
  }

  /** All configured disks with their state, those that are not served included. */
  public List<DiskReport> disks() {
    return disks.everything();
  }

  /** Whether a leading master answered the last heartbeat. */
  public boolean connected() {
    MasterLink l = link;
    return l != null && l.connected();
  }

  private void handle(RpcRequest request) {
    RpcHandler h = handler;
    if (h == null) {
      request.payload().release();
      request.fail(ErrorCode.RETRY, "Chunk server " + config.name() + " is starting or stopping");
    } else {
      h.handle(request);
    }
  }

  private void nudge() {
    MasterLink l = link;
    if (l != null) {
      l.nudge();
    }
  }

  private MasterRequest.Heartbeat heartbeat(Outbox.Batch batch) {
    minders.forEach(DiskMinder::watch);
    return new MasterRequest.Heartbeat(config.name(), advertised(), config.domain(), boot, disks.reports(), batch.results(), batch.bad(), tasks.freeSlots());
  }

  /** On the link's thread: nothing here waits but the adoption of fresh disks. */
  private void obey(MasterReply.Orders orders) {
    boolean joined = disks.cluster() == orders.cluster();
    disks.join(orders.cluster());
    gate.keys(orders.keys());
    orders.tasks().forEach(tasks::accept);
    for (long disk : orders.wanted()) {
      report(disk);
    }
    if (!joined) {
      nudge();
    }
  }

  private void report(long disk) {
    if (!reporting.add(disk)) {
      return;
    }
    boolean taken =
        tasks.chore(
            () -> {
              try {
                BlockStore store = disks.serving(disk);
                reporter.report(store);
              } catch (AshlarException e) {
                LOG.info("The report of disk {} is put off: {}", Long.toHexString(disk), e.getMessage());
              } finally {
                reporting.remove(disk);
              }
            });
    if (!taken) {
      reporting.remove(disk);
    }
  }

  /** Stops taking requests, ends what runs, closes the disks. What was answered as sealed is on media already. */
  @Override
  public void close() {
    handler = null;
    RpcServer r = rpc;
    if (r != null) {
      r.close();
    }
    while (!owned.isEmpty()) {
      AutoCloseable part = owned.pop();
      try {
        part.close();
      } catch (Exception e) {
        LOG.warn("Closing {} of chunk server {} failed", part.getClass().getSimpleName(), config.name(), e);
      }
    }
  }
}
