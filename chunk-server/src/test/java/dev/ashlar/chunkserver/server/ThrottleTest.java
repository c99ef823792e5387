package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ThrottleTest {
  private long nowNs = 5_000_000_000L;
  private boolean busy;
  private final Throttle throttle = new Throttle(1_000, 100, () -> busy, () -> nowNs);

  @Test
  void lets_a_burst_pass_and_then_holds_the_rate() {
    assertEquals(0, throttle.take(100));
    assertEquals(0, throttle.take(100));
    assertEquals(100_000_000, throttle.take(500));
    assertEquals(600_000_000, throttle.take(1));
  }

  @Test
  void is_slower_while_clients_are_served() {
    assertEquals(0, throttle.take(100));
    busy = true;
    assertEquals(0, throttle.take(100));
    assertEquals(1_000_000_000, throttle.take(1));
  }

  @Test
  void saves_no_more_than_a_burst_while_idle() {
    assertEquals(0, throttle.take(1_000));
    nowNs += 60_000_000_000L;
    assertEquals(0, throttle.take(100));
    assertEquals(0, throttle.take(1_000));
    assertEquals(1_000_000_000, throttle.take(1));
  }
}
