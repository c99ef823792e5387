package dev.ashlar.simulation;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import java.util.Random;
import java.util.function.BiConsumer;

/** A machine that runs a client. */
final class ClientMachine extends Machine {
  private final ClientConfig config;
  private final SimNetwork network;
  private final BiConsumer<AshlarFileSystem, SimWorld> work;

  /**
   * @param work what each process of this machine does with the file system, on its main thread
   */
  ClientMachine(
      String name,
      ClientConfig config,
      Scheduler scheduler,
      SimNetwork network,
      Random random,
      BiConsumer<AshlarFileSystem, SimWorld> work) {
    super(name, scheduler, random);
    this.config = config;
    this.network = network;
    this.work = work;
  }

  @Override
  void run(SimWorld world) {
    world.startLight(
        "main",
        () -> {
          try {
            SimSender sender = new SimSender(network, world);
            work.accept(AshlarFileSystem.connect(config, world, sender, sender), world);
          } catch (AshlarException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Override
  void crashed(boolean power) {}
}
