package dev.ashlar.master.raft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Which commands share an entry. The log takes what it is given, and answers when it is told to.
 */
final class GrouperTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final int IN_FLIGHT = 2;

  private record Appended(Entry entry, CompletableFuture<List<byte[]>> done) {
    int size() {
      return entry.commands().size();
    }

    /** Answers each command with itself. */
    void succeed() {
      done.complete(entry.commands());
    }
  }

  private final BlockingQueue<Appended> log = new LinkedBlockingQueue<>();
  private int number;

  private Grouper grouper(Duration gather) {
    return new Grouper(
        "test",
        entry -> {
          Appended a = new Appended(entry, new CompletableFuture<>());
          log.add(a);
          return a.done;
        },
        () -> 7,
        gather);
  }

  private Appended next() throws InterruptedException {
    Appended a = log.poll(LONG.toSeconds(), TimeUnit.SECONDS);
    assertNotNull(a, "an entry");
    return a;
  }

  private List<CompletableFuture<byte[]>> propose(Grouper g, int count) {
    List<CompletableFuture<byte[]>> replies = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      replies.add(g.propose(new byte[] {(byte) number++}));
    }
    return replies;
  }

  @Test
  void whatComesWhileEntriesAreUnderWayGoesIntoTheNext() throws Exception {
    try (Grouper g = grouper(Duration.ZERO)) {
      List<CompletableFuture<byte[]>> replies = new ArrayList<>();
      List<Appended> underWay = new ArrayList<>();
      for (int i = 0; i < IN_FLIGHT; i++) {
        replies.addAll(propose(g, 1));
        underWay.add(next());
      }
      replies.addAll(propose(g, 5));
      underWay.getFirst().succeed();
      Appended five = next();
      assertEquals(5, five.size());
      five.succeed();
      underWay.getLast().succeed();
      for (int i = 0; i < replies.size(); i++) {
        assertArrayEquals(new byte[] {(byte) i}, outcome(replies.get(i)));
      }
    }
  }

  @Test
  void anEntryWaitsForAsManyCommandsAsTheLastOneHad() throws Exception {
    try (Grouper g = grouper(LONG)) {
      fill(g, 3);
      var _ = propose(g, 1);
      var _ = propose(g, 1);
      var _ = propose(g, 1);
      assertEquals(3, next().size());
    }
  }

  @Test
  void itDoesNotWaitForLong() throws Exception {
    try (Grouper g = grouper(Duration.ofMillis(1))) {
      fill(g, 3);
      var _ = propose(g, 1);
      assertEquals(1, next().size());
    }
  }

  @Test
  void whoIsAloneWaitsForNobody() throws Exception {
    try (Grouper g = grouper(LONG)) {
      for (int i = 0; i < 3; i++) {
        var _ = propose(g, 1);
        Appended one = next();
        assertEquals(1, one.size());
        one.succeed();
      }
    }
  }

  @Test
  void nobodyIsForgottenWhenItIsClosedWhileItWaits() throws Exception {
    CompletableFuture<byte[]> reply;
    try (Grouper g = grouper(LONG)) {
      fill(g, 3);
      reply = propose(g, 1).getFirst();
      awaitGathering();
    }
    next().succeed();
    assertArrayEquals(new byte[] {(byte) (number - 1)}, outcome(reply));
  }

  /** Until its thread has taken a command and waits for more. */
  private static void awaitGathering() {
    long deadline = System.nanoTime() + LONG.toNanos();
    while (Thread.getAllStackTraces().entrySet().stream()
        .noneMatch(e ->
            e.getKey().getName().equals("test-submit")
                && Arrays.stream(e.getValue())
                    .anyMatch(frame -> frame.getMethodName().equals("more")))) {
      if (System.nanoTime() - deadline > 0) {
        fail("The grouper does not wait for more commands");
      }
      Thread.onSpinWait();
    }
  }

  @Test
  void aFailureIsEverybodysInTheEntry() throws Exception {
    try (Grouper g = grouper(LONG)) {
      fill(g, 3);
      List<CompletableFuture<byte[]>> replies = propose(g, 3);
      next()
          .done
          .completeExceptionally(
              new ReplicationException(ReplicationException.Kind.NOT_LEADER, "not any more"));
      for (CompletableFuture<byte[]> reply : replies) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> outcome(reply));
        assertInstanceOf(ReplicationException.class, e.getCause());
      }
    }
  }

  private static byte[] outcome(CompletableFuture<byte[]> reply) throws Exception {
    return reply.get(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  /** Leaves the grouper with nothing under way after an entry of {@code count} commands. */
  private void fill(Grouper g, int count) throws InterruptedException {
    List<Appended> underWay = new ArrayList<>();
    for (int i = 0; i < IN_FLIGHT; i++) {
      var _ = propose(g, 1);
      underWay.add(next());
    }
    var _ = propose(g, count);
    underWay.forEach(Appended::succeed);
    Appended filled = next();
    assertEquals(count, filled.size());
    filled.succeed();
  }
}
