package dev.ashlar.torture.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.torture.history.Names.Input;
import dev.ashlar.torture.history.Names.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The checker itself must accept what is right and refuse what is not. */
class LinearizabilityTest {
  private static final Output DONE = new Output.Done();
  private static final Output REFUSED = new Output.Refused();
  private final Names names = new Names();

  @Test
  void acceptsOverlappingOperationsInEitherOrder() {
    List<Operation<Input, Output>> h =
        List.of(
            new Operation<>(1, new Input.Create("a", 1), DONE, 0, 10),
            new Operation<>(2, new Input.Create("a", 2), REFUSED, 1, 9),
            new Operation<>(3, new Input.Read("a"), REFUSED, 2, 3),
            new Operation<>(3, new Input.Read("a"), new Output.File(1), 11, 12));
    assertEquals(Optional.empty(), Linearizability.violation(names, h));
  }

  @Test
  void refusesAStaleRead() {
    List<Operation<Input, Output>> h =
        List.of(
            new Operation<>(1, new Input.Put("a", 1), DONE, 0, 1),
            new Operation<>(1, new Input.Put("a", 2), DONE, 2, 3),
            new Operation<>(2, new Input.Read("a"), new Output.File(1), 4, 5));
    assertTrue(Linearizability.violation(names, h).isPresent());
  }

  @Test
  void refusesTwoWinnersOfAnExclusiveCreation() {
    List<Operation<Input, Output>> h =
        List.of(
            new Operation<>(1, new Input.Create("a", 1), DONE, 0, 10),
            new Operation<>(2, new Input.Create("a", 2), DONE, 0, 10));
    assertTrue(Linearizability.violation(names, h).isPresent());
  }

  @Test
  void refusesARenameThatShowsBothNames() {
    List<Operation<Input, Output>> h =
        List.of(
            new Operation<>(1, new Input.Put("a", 1), DONE, 0, 1),
            new Operation<>(1, new Input.Rename("a", "b"), DONE, 2, 10),
            new Operation<>(2, new Input.Read("b"), new Output.File(1), 3, 4),
            new Operation<>(2, new Input.Read("a"), new Output.File(1), 5, 6));
    assertTrue(Linearizability.violation(names, h).isPresent());
  }

  @Test
  void anUnansweredOperationMayHappenLateOrNever() {
    List<Operation<Input, Output>> late =
        List.of(
            Operation.unanswered(1, new Input.Put("a", 1), 0),
            new Operation<>(2, new Input.Read("a"), REFUSED, 5, 6),
            new Operation<>(2, new Input.Read("a"), new Output.File(1), 7, 8));
    List<Operation<Input, Output>> never =
        List.of(
            Operation.unanswered(1, new Input.Put("a", 1), 0),
            new Operation<>(2, new Input.Read("a"), REFUSED, 5, 6));
    List<Operation<Input, Output>> goneAgain =
        List.of(
            Operation.unanswered(1, new Input.Put("a", 1), 0),
            new Operation<>(2, new Input.Read("a"), new Output.File(1), 5, 6),
            new Operation<>(2, new Input.Read("a"), REFUSED, 7, 8));
    assertEquals(Optional.empty(), Linearizability.violation(names, late));
    assertEquals(Optional.empty(), Linearizability.violation(names, never));
    assertTrue(Linearizability.violation(names, goneAgain).isPresent());
  }

  /**
   * Histories recorded from a real sequential object under random overlap are accepted; with one
   * answer changed, most are not.
   */
  @Test
  void agreesWithRandomHistories() {
    long seed = Long.getLong("ashlar.seed", System.nanoTime());
    System.out.println("LinearizabilityTest seed " + seed);
    Random random = new Random(seed);
    int refused = 0;
    int rounds = 60;
    for (int round = 0; round < rounds; round++) {
      List<Operation<Input, Output>> h = recorded(random, 120);
      assertEquals(Optional.empty(), Linearizability.violation(names, h), "seed " + seed);
      int spoilt = random.nextInt(h.size());
      Operation<Input, Output> op = h.get(spoilt);
      h.set(
          spoilt,
          new Operation<>(
              op.client(), new Input.Read("a"), new Output.File(-1), op.called(), op.returned()));
      refused += Linearizability.violation(names, h).isPresent() ? 1 : 0;
    }
    assertEquals(rounds, refused, "a file that never existed was read, seed " + seed);
  }

  /** Each operation takes effect at a random instant between call and return. */
  private List<Operation<Input, Output>> recorded(Random random, int count) {
    List<Operation<Input, Output>> h = new ArrayList<>();
    Map<String, Integer> state = names.initial();
    for (int i = 0; i < count; i++) {
      Input input = random(random, i);
      Output output = answer(state, input);
      state = names.next(state, input);
      long at = 10L * i;
      h.add(
          new Operation<>(i % 4, input, output, at - random.nextInt(20), at + random.nextInt(20)));
    }
    return h;
  }

  private Output answer(Map<String, Integer> state, Input input) {
    if (input instanceof Input.Read(String name) && state.containsKey(name)) {
      return new Output.File(state.getOrDefault(name, -1));
    }
    return names.allows(state, input, DONE) ? DONE : REFUSED;
  }

  private static Input random(Random random, int file) {
    String name = random.nextBoolean() ? "a" : "b";
    return switch (random.nextInt(5)) {
      case 0 -> new Input.Create(name, file);
      case 1 -> new Input.Put(name, file);
      case 2 -> new Input.Delete(name);
      case 3 -> new Input.Rename(name, name.equals("a") ? "b" : "a");
      default -> new Input.Read(name);
    };
  }
}
