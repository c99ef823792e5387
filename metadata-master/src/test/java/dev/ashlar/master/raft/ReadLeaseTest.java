package dev.ashlar.master.raft;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Until when reads may skip the log. */
final class ReadLeaseTest {
  private final ReadLease lease = new ReadLease(100, true);

  @Test
  void thereIsNoneAtFirst() {
    assertFalse(lease.valid(1, 0));
  }

  @Test
  void itRunsFromTheSubmissionAndNotFromTheReply() {
    lease.renew(1, 1000);
    assertTrue(lease.valid(1, 1099));
    assertFalse(lease.valid(1, 1100));
  }

  @Test
  void anOlderSubmissionThatIsAnsweredLaterDoesNotMoveIt() {
    lease.renew(1, 1000);
    lease.renew(1, 950);
    assertTrue(lease.valid(1, 1060));
  }

  @Test
  void anotherTermHasNone() {
    lease.renew(1, 1000);
    assertFalse(lease.valid(2, 1001));
    lease.renew(2, 1010);
    lease.renew(1, 1020);
    assertTrue(lease.valid(2, 1050));
    assertFalse(lease.valid(1, 1050));
  }

  @Test
  void givingLeadershipAwayEndsItForEverythingSubmittedBefore() {
    lease.renew(1, 1000);
    lease.suspend();
    lease.renew(1, 1005);
    assertFalse(lease.valid(1, 1006));
    lease.resume(1010);
    lease.renew(1, 1009);
    assertFalse(lease.valid(1, 1011));
    lease.renew(1, 1012);
    assertTrue(lease.valid(1, 1013));
  }

  @Test
  void theClockMayWrapAround() {
    lease.renew(1, Long.MAX_VALUE - 10);
    assertTrue(lease.valid(1, Long.MIN_VALUE + 10));
    assertFalse(lease.valid(1, Long.MIN_VALUE + 200));
  }

  @Test
  void itCanBeTurnedOff() {
    ReadLease off = new ReadLease(100, false);
    off.renew(1, 1000);
    assertFalse(off.valid(1, 1001));
  }
}
