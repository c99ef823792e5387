package dev.ashlar.chunkserver.server;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Says the same kind of thing at most once per period, with the number of times it was left unsaid:
 * what strangers can cause must not fill the log. Thread-safe.
 */
final class QuietLog {
  private final Logger log;
  private final long periodNs;
  private final LongSupplier clockNs;
  private final AtomicLong nextNs;
  private final AtomicLong unsaid = new AtomicLong();

  QuietLog(Logger log, long periodNs, LongSupplier clockNs) {
    this.log = log;
    this.periodNs = periodNs;
    this.clockNs = clockNs;
    nextNs = new AtomicLong(clockNs.getAsLong());
  }

  void warn(String sentence) {
    long now = clockNs.getAsLong();
    long next = nextNs.get();
    if (now - next < 0 || !nextNs.compareAndSet(next, now + periodNs)) {
      unsaid.incrementAndGet();
      return;
    }
    long before = unsaid.getAndSet(0);
    log.warn("{}{}", sentence, before == 0 ? "" : " (and " + before + " more like it before)");
  }
}
