package dev.ashlar.torture.history;

import java.util.Map;
import java.util.TreeMap;

/**
 * A few names of one directory, each leading to a file known by a number: the sequential object
 * behind name operations.
 */
public final class Names implements Model<Map<String, Integer>, Names.Input, Names.Output> {
  /** What a client did. */
  public sealed interface Input {
    /** Exclusive creation. */
    record Create(String name, int file) implements Input {}

    /** Atomic put over whatever is there. */
    record Put(String name, int file) implements Input {}

    record Read(String name) implements Input {}

    record Delete(String name) implements Input {}

    record Rename(String from, String to) implements Input {}
  }

  /** What it was told: the file read, or whether it was done. */
  public sealed interface Output {
    record Done() implements Output {}

    record Refused() implements Output {}

    record File(int file) implements Output {}
  }

  @Override
  public Map<String, Integer> initial() {
    return new TreeMap<>();
  }

  @Override
  public Map<String, Integer> next(Map<String, Integer> state, Input input) {
    Map<String, Integer> after = new TreeMap<>(state);
    switch (input) {
      case Input.Create(String name, int file) -> after.putIfAbsent(name, file);
      case Input.Put(String name, int file) -> after.put(name, file);
      case Input.Read _ -> {}
      case Input.Delete(String name) -> after.remove(name);
      case Input.Rename(String from, String to) -> {
        Integer file = after.remove(from);
        if (file != null) {
          after.put(to, file);
        }
      }
    }
    return after;
  }

  @Override
  public boolean allows(Map<String, Integer> state, Input input, Output output) {
    return switch (input) {
      case Input.Create(String name, int _) ->
          (output instanceof Output.Done) == !state.containsKey(name);
      case Input.Put _ -> output instanceof Output.Done;
      case Input.Read(String name) -> {
        Integer file = state.get(name);
        yield file == null
            ? output instanceof Output.Refused
            : output instanceof Output.File(int seen) && seen == file;
      }
      case Input.Delete(String name) -> (output instanceof Output.Done) == state.containsKey(name);
      case Input.Rename(String from, String _) ->
          (output instanceof Output.Done) == state.containsKey(from);
    };
  }
}
