package dev.ashlar.simulation;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;

/** A machine that runs a client. */
final class ClientMachine extends Machine {
  private final ClientConfig config;
  private final SimNetwork network;
  private final List<BiConsumer<AshlarFileSystem, SimWorld>> works;

  /**
   * @param works what each process of this machine does with its file system, each on a thread of
   *     its own
   */
  ClientMachine(
      String name,
      ClientConfig config,
      Scheduler scheduler,
      SimNetwork network,
      Random random,
      List<BiConsumer<AshlarFileSystem, SimWorld>> works) {
    super(name, scheduler, random);
    this.config = config;
    this.network = network;
    this.works = works;
  }

  @Override
  void run(SimWorld world) {
    world.startLight(
        "main",
        () -> {
          try {
            SimSender sender = new SimSender(network, world);
            AshlarFileSystem fs = AshlarFileSystem.connect(config, world, sender, sender);
            works.forEach(w -> world.startLight("work", () -> w.accept(fs, world)));
          } catch (AshlarException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Override
  void crashed(boolean power) {}
}
