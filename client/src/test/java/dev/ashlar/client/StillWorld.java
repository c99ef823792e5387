package dev.ashlar.client;

import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.World;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;

/**
 * The world as it is, but that its clocks stand still: so what depends on a pause does not depend
 * on the machine. Who sleeps, sleeps for ever; in a patient one who waits for a signal, waits for
 * it as long as it takes.
 */
final class StillWorld implements World {
  private final World real = RealWorld.INSTANCE;
  private final long nanoTime = real.nanoTime();
  private final long wallMs = real.wallMs();
  private final boolean patient;

  StillWorld() {
    this(false);
  }

  StillWorld(boolean patient) {
    this.patient = patient;
  }

  @Override
  public long nanoTime() {
    return nanoTime;
  }

  @Override
  public long wallMs() {
    return wallMs;
  }

  @Override
  public RandomGenerator random() {
    return real.random();
  }

  @Override
  public RandomGenerator secure() {
    return real.secure();
  }

  @Override
  public void sleep(long ns) throws InterruptedException {
    Signal never = real.signal();
    while (!never.await(Long.MAX_VALUE)) {}
  }

  @Override
  public <T> T await(CompletableFuture<T> future, long timeoutNs)
      throws InterruptedException, ExecutionException, TimeoutException {
    return real.await(future, timeoutNs);
  }

  @Override
  public Signal signal() {
    Signal signal = real.signal();
    return patient ? new PatientSignal(signal) : signal;
  }

  private record PatientSignal(Signal signal) implements Signal {
    private static final long LONG_NS = 60_000_000_000L;

    @Override
    public void raise() {
      signal.raise();
    }

    @Override
    public boolean await(long ns) throws InterruptedException {
      return signal.await(LONG_NS);
    }
  }

  @Override
  public Running start(String name, Runnable task) {
    return real.start(name, task);
  }

  @Override
  public void startLight(String name, Runnable task) {
    real.startLight(name, task);
  }

  @Override
  public ExecutorService pool(String name, int threads, int waiting) {
    return real.pool(name, threads, waiting);
  }
}
