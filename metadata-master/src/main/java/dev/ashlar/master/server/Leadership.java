package dev.ashlar.master.server;

import dev.ashlar.master.raft.Replicator;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.World;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a {@link Leader} when this master begins to lead, drops it when that ends, and runs its
 * duties in between: twice a second, and when poked. One thread.
 */
final class Leadership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
  private static final long WATCH_MS = 50;
  private static final long DUTY_NS = 500_000_000L;

  /** Pokes closer together than this share a run. */
  private static final long GATHER_NS = 50_000_000L;

  private final MasterConfig config;
  private final Identity identity;
  private final Metadata metadata;
  private final World world;
  private final World.Signal pokes;
  private final World.Running thread;
  private volatile boolean running = true;
  private volatile @Nullable Leader leader;

  Leadership(MasterConfig config, Identity identity, Metadata metadata) {
    this.config = config;
    this.identity = identity;
    this.metadata = metadata;
    world = metadata.world();
    pokes = world.signal();
    thread = world.start(config.name() + "-duties", this::run);
  }

  /** The present term's leader, if this master leads and has begun to serve. */
  @Nullable Leader leader() {
    Leader l = leader;
    Replicator r = metadata.replicator();
    return l != null && r.isLeader() && r.term() == l.term() ? l : null;
  }

  private void run() {
    long next = world.nanoTime();
    while (running) {
      try {
        boolean poked = pokes.await(TimeUnit.MILLISECONDS.toNanos(WATCH_MS));
        long now = world.nanoTime();
        if (watch()) {
          next = now;
        }
        Leader l = leader;
        if (l != null && (now - next >= 0 || poked && now - next >= GATHER_NS - DUTY_NS)) {
          next = now + DUTY_NS;
          l.run();
        }
      } catch (InterruptedException e) {
        return;
      } catch (AshlarException e) {
        LOG.info("{} cannot begin to lead yet: {}", config.name(), e.getMessage());
      } catch (RuntimeException e) {
        if (running) {
          LOG.error("{} met a bug in a leader's duties; they go on", config.name(), e);
        }
      }
    }
  }

  /** Follows what Raft says. Returns whether a term began. */
  private boolean watch() throws AshlarException {
    Replicator r = metadata.replicator();
    Leader l = leader;
    long term = r.term();
    boolean leads = r.isLeader();
    if (l != null && (!leads || l.term() != term)) {
      leader = null;
      LOG.info("{} leads no longer (term {})", config.name(), l.term());
    }
    if (leads && leader == null) {
      leader = new Leader(term, metadata, config, identity, pokes::raise);
      LOG.info("{} leads in term {}", config.name(), term);
      return true;
    }
    return false;
  }

  @Override
  public void close() {
    running = false;
    leader = null;
    thread.interrupt();
    var _ = thread.join(TimeUnit.SECONDS.toMillis(25));
  }
}
