package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.rpc.RpcHandler;
import dev.ashlar.protocol.rpc.RpcRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One chunk server: its disks, its port, its link to the masters. Many can live in one process;
 * they share the network threads. Owns everything it starts and closes it all in {@link #close}.
 */
public final class ChunkServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkServer.class);

  /** Blocks that wait to be re-read after a failed read; others are found by the scrub. */
  private static final int SUSPECTS = 256;

  private final ChunkServerConfig config;
  private final World world;
  private final long boot;
  private final Deque<Part> parts = new ArrayDeque<>();
  private final Set<Long> reporting = ConcurrentHashMap.newKeySet();
  private final Set<ChunkHandler.DiskBlock> suspects = ConcurrentHashMap.newKeySet();
  private final TokenGate gate;
  private final Outbox outbox = new Outbox(this::nudge);
  private final InetSocketAddress address;
  private final Disks disks;
  private final TaskRunner tasks;
  private final BlockReporter reporter;
  private final List<DiskMinder> minders;
  private @Nullable Disks openDisks;

  /** Heartbeats made so far; belongs to the link's thread. */
  private long beats;

  private volatile @Nullable List<DiskReport> lastReports;
  private volatile @Nullable RpcHandler handler;
  private volatile @Nullable MasterLink link;

  /**
   * Starts it: takes the port, opens (formats, recovers) the disks, then serves and heartbeats.
   * Blocks until it serves; does not wait for a master.
   *
   * @throws IOException if the port is taken or no disk works
   */
  public static ChunkServer start(ChunkServerConfig config) throws IOException {
    return start(config, new RealOutside());
  }

  /** As {@link #start(ChunkServerConfig)}, with another network, other disks, other clocks. */
  public static ChunkServer start(ChunkServerConfig config, Outside outside) throws IOException {
    return new ChunkServer(config, outside);
  }

  private ChunkServer(ChunkServerConfig config, Outside outside) throws IOException {
    this.config = config;
    world = outside.world();
    boot = world.secure().nextLong() >>> 1;
    gate = new TokenGate(world::wallMs);
    boolean started = false;
    try {
      // The port first: a second server on the same directories must not get as far as the disks.
      Outside.Port rpc = outside.listen(config.bind(), config.name(), this::handle);
      own(rpc);
      address = rpc.address();
      if (config.advertise().isEmpty() && address.getAddress().isAnyLocalAddress()) {
        throw new IOException(
            "Chunk server "
                + config.name()
                + " listens on all addresses: say under which host:port the others reach it");
      }
      Outside.Sender masters = outside.masters(config.name());
      own(masters);
      Outside.Sender others = outside.servers(config.name());
      own(others);
      disks = Disks.open(config.name(), config.disks(), outside::open, world);
      openDisks = disks;
      ClientLoad load = new ClientLoad(world::nanoTime);
      Throttle throttle =
          new Throttle(
              config.rebuild().bytesPerSecond(),
              config.rebuild().busyBytesPerSecond(),
              load::busy,
              world::nanoTime);
      RpcPeers peers = new RpcPeers(others, config.rebuild().slowSource());
      Work work = new Work(disks, peers, config.rebuild(), throttle, outbox, this::hint, world);
      tasks = new TaskRunner(config.name(), config.rebuild().slots(), work, outbox, world);
      ChunkHandler requests =
          new ChunkHandler(config.name(), gate, disks, load, this::suspect, world);
      MasterLink l = new MasterLink(world, config, masters, outbox, this::heartbeat, this::obey);
      reporter = new BlockReporter(config.name(), l, tasks, world, config.reportBlocks());
      minders =
          disks.all().stream()
              .map(d ->
                  new DiskMinder(config.name(), d, config.timing(), outbox, this::nudge, world))
              .toList();
      own(l);
      parts.add(() -> {
        work.stop();
        return tasks.stop();
      });
      parts.add(requests::stop);
      minders.forEach(m -> parts.add(m::stop));
      minders.forEach(DiskMinder::start);
      handler = requests;
      link = l;
      l.start();
      started = true;
      LOG.info(
          "Chunk server {} serves {} disks at {}", config.name(), disks.all().size(), advertised());
    } finally {
      if (!started) {
        close();
      }
    }
  }

  /** Something to be stopped; returns whether all its threads have ended. */
  private interface Part {
    boolean stop() throws Exception;
  }

  private void own(AutoCloseable part) {
    parts.add(() -> {
      part.close();
      return true;
    });
  }

  /** Where it takes requests. */
  public InetSocketAddress address() {
    return address;
  }

  /** host:port as the masters and everybody else know it. */
  public String advertised() {
    return config.advertise().isEmpty()
        ? address.getAddress().getHostAddress() + ":" + address.getPort()
        : config.advertise();
  }

  /**
   * All configured disks with their state, those that are not served included; after the end, as
   * they were then.
   */
  public List<DiskReport> disks() {
    List<DiskReport> last = lastReports;
    return last == null ? disks.everything() : last;
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

  /** On the link's thread. */
  private MasterRequest.Heartbeat heartbeat(Outbox.Batch batch) {
    minders.forEach(DiskMinder::watch);
    return new MasterRequest.Heartbeat(
        config.name(),
        advertised(),
        config.domain(),
        boot,
        disks.reports(),
        batch.results(),
        batch.bad(),
        tasks.freeSlots(),
        ++beats,
        tasks.open());
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

  /**
   * Tells the master that a block on another server's disk seems bad; if that fails, whoever needs
   * the block next will find out again.
   */
  private void hint(BadBlock block) {
    boolean taken =
        tasks.chore(() -> {
          try {
            master().call(new MasterRequest.ReportBad(block.block(), block.disk(), block.reason()));
          } catch (AshlarException e) {
            LOG.info(
                "The master could not be told that {} on disk {} is bad: {}",
                block.block(),
                block.disk(),
                e.getMessage());
          }
        });
    if (!taken) {
      LOG.info(
          "Too busy to tell the master that {} on disk {} is bad", block.block(), block.disk());
    }
  }

  /** Has a block re-read whose bytes could not be sent to a reader. */
  private void suspect(ChunkHandler.DiskBlock b) {
    if (suspects.size() >= SUSPECTS || !suspects.add(b)) {
      return;
    }
    boolean taken =
        tasks.chore(() -> {
          try {
            for (BadBlock found : disks.serving(b.disk()).verify(List.of(b.block()))) {
              outbox.bad(found);
              disks.damaged(found);
            }
          } catch (AshlarException e) {
            LOG.info("{} on disk {} could not be checked: {}", b.block(), b.disk(), e.getMessage());
          } finally {
            suspects.remove(b);
          }
        });
    if (!taken) {
      suspects.remove(b);
    }
  }

  private MasterLink master() throws AshlarException {
    MasterLink l = link;
    if (l == null) {
      throw new AshlarException(ErrorCode.UNAVAILABLE, "No master is known yet");
    }
    return l;
  }

  private void report(long disk) {
    if (!reporting.add(disk)) {
      return;
    }
    boolean taken =
        tasks.chore(() -> {
          try {
            BlockStore store = disks.serving(disk);
            reporter.report(store);
          } catch (AshlarException e) {
            LOG.info("The report of disk {} is put off: {}", disk, e.getMessage());
          } finally {
            reporting.remove(disk);
          }
        });
    if (!taken) {
      reporting.remove(disk);
    }
  }

  /**
   * Stops taking requests, ends what runs, closes the disks; in the order in which the parts were
   * made, since each uses those after it. What was answered as sealed is on media already. If a
   * disk hangs, all are left open until the process ends rather than closed under their users.
   */
  @Override
  public synchronized void close() {
    handler = null;
    boolean ended = true;
    for (Part part = parts.poll(); part != null; part = parts.poll()) {
      try {
        ended &= part.stop();
      } catch (Exception e) {
        LOG.warn("A part of chunk server {} did not stop well", config.name(), e);
      }
    }
    Disks open = openDisks;
    openDisks = null;
    if (open != null) {
      lastReports = open.everything();
    }
    if (open != null && ended) {
      open.close();
    } else if (open != null) {
      LOG.error(
          "A disk of chunk server {} hangs: the disks stay open until the process ends",
          config.name());
    }
  }
}
