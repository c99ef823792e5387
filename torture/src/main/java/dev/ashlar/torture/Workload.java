package dev.ashlar.torture;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Clients at work, each on a thread of its own, until one sees what may not be or all are told to
 * stop. Its methods are for one thread.
 */
final class Workload implements AutoCloseable {
  private static final int STORM = 3;
  private static final int READERS = 2;
  private static final int HISTORY_CLIENTS = 3;
  private static final int HISTORY_EACH = 25;
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration END = Duration.ofMinutes(3);

  /** Every operation ends long before, whatever happens to the cluster. */
  private static final Duration STUCK = Duration.ofMinutes(10);

  private final List<CheckedClient> clients = new ArrayList<>();
  private final List<AshlarFileSystem> connections = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicInteger histories = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean stopping;

  /** Connects all clients; {@link #start} lets them run. */
  Workload(String masters, Plan plan, Random random) throws AshlarException {
    for (int i = 0; i < STORM; i++) {
      clients.add(new StormWorker(masters, "/storm-" + i, random.nextLong(), answered, true));
    }
    clients.add(new AppendWorker(masters, "/append", random.nextLong(), answered));
    Replaced file = new Replaced();
    for (int i = 0; i <= READERS; i++) {
      clients.add(
          new ReplaceWorker(
              masters,
              "/replaced",
              random.nextLong(),
              answered,
              file,
              i == 0,
              plan.replacedPolicy(),
              plan.chunkBytes()));
    }
    ClientConfig config = ClientConfig.of(masters).withMasterDeadline(PATIENCE);
    for (int i = 0; i < HISTORY_CLIENTS; i++) {
      connections.add(AshlarFileSystem.connect(config));
    }
    for (CheckedClient client : clients) {
      add("client-" + clients.indexOf(client), client::step);
    }
    Random names = new Random(random.nextLong());
    add("history", () -> history(names));
  }

  /** One thing that a client does, again and again. */
  private interface Step {
    void run() throws IOException;
  }

  private void add(String name, Step step) {
    threads.add(
        Thread.ofPlatform()
            .name("torture-" + name)
            .daemon()
            .unstarted(() -> {
              try {
                while (!stopping && failure.get() == null) {
                  step.run();
                }
              } catch (Throwable t) {
                failure.compareAndSet(null, t);
              }
            }));
  }

  /** Some clients use the same two names; when all have come back, one order must explain it. */
  private void history(Random random) throws AshlarException {
    NameHistory history = newHistory();
    if (history == null) {
      return;
    }
    List<Thread> each = new ArrayList<>();
    for (int i = 0; i < HISTORY_CLIENTS; i++) {
      int client = i;
      Random mine = new Random(random.nextLong());
      each.add(
          Thread.ofPlatform()
              .name("torture-history-" + i)
              .daemon()
              .start(() -> {
                try {
                  for (int n = 0; n < HISTORY_EACH && !stopping; n++) {
                    history.once(client, connections.get(client), mine);
                    answered.incrementAndGet();
                  }
                } catch (Throwable t) {
                  failure.compareAndSet(null, t);
                }
              }));
    }
    for (Thread t : each) {
      joinFully(t);
    }
    Optional<String> violation = history.violation();
    if (violation.isPresent()) {
      throw new AssertionError("Not linearizable: " + violation.get());
    }
  }

  private static void joinFully(Thread t) {
    try {
      if (!t.join(STUCK)) {
        throw new AssertionError(
            t.getName() + " still waits after " + STUCK.toMinutes() + " min for its operations");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("Nobody interrupts clients", e);
    }
  }

  private @Nullable NameHistory newHistory() throws AshlarException {
    AshlarFileSystem files = connections.getFirst();
    while (!stopping) {
      try {
        return new NameHistory(
            files.mkdirs("/history-" + histories.incrementAndGet(), 0755).inode());
      } catch (AshlarException e) {
        if (!CheckedClient.KILLS.contains(e.code())) {
          throw e;
        } // the masters are away: nothing was begun, so this can wait for them
      }
    }
    return null;
  }

  void start() {
    threads.forEach(Thread::start);
  }

  /** A client of its own for questions. */
  AshlarFileSystem asking() {
    return connections.getFirst();
  }

  long answered() {
    return answered.get();
  }

  int histories() {
    return histories.get();
  }

  long unknown() {
    return clients.stream().mapToLong(CheckedClient::unknown).sum();
  }

  /** Throws what a client saw that may not be. */
  void mustBeFine() {
    Throwable t = failure.get();
    if (t != null) {
      throw new AssertionError("A client saw what may not be: " + t.getMessage(), t);
    }
  }

  /** Ends all threads, each after what it is doing. */
  void stop() throws InterruptedException {
    stopping = true;
    long deadline = System.nanoTime() + END.toNanos();
    for (Thread t : threads) {
      t.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
      if (t.isAlive()) {
        throw new AssertionError(t.getName() + " does not come back from the cluster");
      }
    }
    mustBeFine();
  }

  /** After the end, everything that was acknowledged must be there. */
  void verify() throws IOException {
    for (CheckedClient client : clients) {
      client.verifyAll();
    }
  }

  /** As {@link #verify}, but reading may fail. */
  void verify(CheckedClient.Unreadable unreadable) throws IOException {
    for (CheckedClient client : clients) {
      client.verifyAll(unreadable);
    }
  }

  @Override
  public void close() {
    stopping = true;
    clients.forEach(CheckedClient::close);
    connections.forEach(AshlarFileSystem::close);
  }
}
