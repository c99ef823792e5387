package dev.ashlar.simulation;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Where simulations run. */
final class Runner {
  private Runner() {}

  /** What is run. */
  interface Task {
    int run();
  }

  /**
   * Runs on a virtual thread, since those of the simulation are virtual too and hand over to each
   * other most quickly that way. Should come before anything else in the process starts a virtual
   * thread, or it is slower.
   */
  static int inOneThread(Task task) {
    System.setProperty("jdk.virtualThreadScheduler.parallelism", "1");
    System.setProperty("ashlar.erasure.kernel", "scalar");
    // A killed process lets go of its buffers without releasing them.
    System.setProperty("io.netty.leakDetection.level", "disabled");
    FutureTask<Integer> run = new FutureTask<>(task::run);
    Thread.ofVirtual().name("simulation").start(run);
    try {
      return run.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }
}
