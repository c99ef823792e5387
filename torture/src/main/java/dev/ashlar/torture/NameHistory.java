package dev.ashlar.torture;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.torture.history.Linearizability;
import dev.ashlar.torture.history.Names;
import dev.ashlar.torture.history.Names.Input;
import dev.ashlar.torture.history.Names.Output;
import dev.ashlar.torture.history.Operation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What several clients saw of two names in one directory, for the linearizability checker. A file
 * is known by its mode bits. Thread-safe.
 */
public final class NameHistory {
  private static final int FILES_MAX = 07777;

  private final long directory;
  private final AtomicInteger file = new AtomicInteger(1);
  private final List<Operation<Input, Output>> history =
      Collections.synchronizedList(new ArrayList<>());

  /**
   * @param directory inode of an empty one
   */
  public NameHistory(long directory) {
    this.directory = directory;
  }

  /** One random operation of a client. */
  public void once(int client, AshlarFileSystem files, Random random) {
    Input input = random(random);
    long called = System.nanoTime();
    Operation<Input, Output> operation;
    try {
      Output output = run(files, input);
      operation = new Operation<>(client, input, output, called, System.nanoTime());
    } catch (AshlarException e) {
      operation =
          switch (e.code()) {
            case NOT_FOUND, EXISTS ->
                new Operation<>(client, input, new Output.Refused(), called, System.nanoTime());
            case TIMEOUT, UNAVAILABLE, RETRY, NOT_LEADER, LEASE_LOST, SESSION_EXPIRED ->
                Operation.unanswered(client, input, called); // a fault's doing
            default -> throw new AssertionError(input + ": " + e.code() + ": " + e.getMessage(), e);
          };
    }
    history.add(operation);
  }

  /** How many operations there were so far. */
  public int size() {
    return history.size();
  }

  /** Empty if one order explains everything so far; else a sentence. */
  public Optional<String> violation() {
    return Linearizability.violation(new Names(), List.copyOf(history));
  }

  private Input random(Random random) {
    String name = random.nextBoolean() ? "a" : "b";
    return switch (random.nextInt(6)) {
      case 0 -> new Input.Create(name, file.getAndIncrement() % FILES_MAX);
      case 1 -> new Input.Put(name, file.getAndIncrement() % FILES_MAX);
      case 2 -> new Input.Delete(name);
      case 3 -> new Input.Rename(name, name.equals("a") ? "b" : "a");
      default -> new Input.Read(name);
    };
  }

  private Output run(AshlarFileSystem files, Input input) throws AshlarException {
    switch (input) {
      case Input.Create(String name, int number) ->
          put(files, name, StageOptions.DEFAULT.withMode(number).withReplace(false));
      case Input.Put(String name, int number) ->
          put(files, name, StageOptions.DEFAULT.withMode(number));
      case Input.Read(String name) -> {
        return new Output.File(files.lookup(directory, name).mode());
      }
      case Input.Delete(String name) -> files.unlink(directory, name);
      case Input.Rename(String from, String to) ->
          files.rename(directory, from, directory, to, false, false);
    }
    return new Output.Done();
  }

  private void put(AshlarFileSystem files, String name, StageOptions options)
      throws AshlarException {
    try (FileWriter writer = files.stage(directory, name, options)) {
      writer.commit();
    }
  }
}
