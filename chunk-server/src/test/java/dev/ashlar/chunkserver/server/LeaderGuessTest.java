package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class LeaderGuessTest {
  private final LeaderGuess guess = new LeaderGuess(List.of("a:1", "b:1", "c:1"));

  @Test
  void stays_with_the_leader_and_goes_round_without_one() {
    guess.leads();
    assertEquals("a:1", guess.current());
    guess.failed();
    assertEquals("b:1", guess.current());
    guess.notLeader("");
    assertEquals("c:1", guess.current());
    guess.failed();
    assertEquals("a:1", guess.current());
  }

  @Test
  void follows_a_hint_even_to_a_new_master() {
    guess.notLeader("d:1");
    assertEquals("d:1", guess.current());
    guess.failed();
    assertEquals("a:1", guess.current());
  }

  @Test
  void does_not_follow_hints_in_circles() {
    java.util.Set<String> asked = new java.util.HashSet<>();
    for (int i = 0; i < 12; i++) {
      asked.add(guess.current());
      guess.notLeader(guess.current().equals("a:1") ? "b:1" : "a:1");
    }
    assertEquals(java.util.Set.of("a:1", "b:1", "c:1"), asked);
  }
}
