package dev.ashlar.cli;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts what long work has done and, where a person watches standard error, shows it in one line
 * that is repainted by a thread of its own. In a pipe nothing is written. Thread-safe; close
 * removes the line.
 */
public final class Progress implements AutoCloseable {
  private static final long REPAINT_MS = 200;
  private static final long FIRST_PAINT_MS = 500;
  private static final int BAR = 24;

  private final String verb;
  private final Terminal terminal;
  private final LongSupplier clockNs;
  private final long startNs;
  private final AtomicLong doneBytes = new AtomicLong();
  private final AtomicLong totalBytes = new AtomicLong();
  private final AtomicLong doneFiles = new AtomicLong();
  private final AtomicLong totalFiles = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition closing = lock.newCondition();
  private final @Nullable Thread painter;
  private boolean closed;
  private int width;

  private Progress(String verb, Terminal terminal, LongSupplier clockNs) {
    this.verb = verb;
    this.terminal = terminal;
    this.clockNs = clockNs;
    startNs = clockNs.getAsLong();
    painter =
        terminal.errIsTerminal()
            ? Thread.ofVirtual().name("progress").start(this::paintUntilClosed)
            : null;
  }

  /**
   * @param verb what is being done: "put", "verify"
   */
  public static Progress start(String verb, Terminal terminal) {
    return new Progress(verb, terminal, System::nanoTime);
  }

  /** More work is known of. */
  public void expect(long files, long bytes) {
    totalFiles.addAndGet(files);
    totalBytes.addAndGet(bytes);
  }

  public void bytes(long more) {
    doneBytes.addAndGet(more);
  }

  public void file() {
    doneFiles.incrementAndGet();
  }

  public long doneBytes() {
    return doneBytes.get();
  }

  public long doneFiles() {
    return doneFiles.get();
  }

  /** Writes a line of text to standard error without mixing it with the bar. */
  public void say(String line) {
    lock.lock();
    try {
      erase();
      terminal.err().println(line);
    } finally {
      lock.unlock();
    }
  }

  private void paintUntilClosed() {
    lock.lock();
    try {
      long pauseMs = FIRST_PAINT_MS;
      while (!closed) {
        if (!closing.await(pauseMs, TimeUnit.MILLISECONDS) && !closed) {
          paint();
        }
        pauseMs = REPAINT_MS;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does that; the line just stays as it is
    } finally {
      lock.unlock();
    }
  }

  private void paint() {
    String text =
        line(
            verb,
            doneFiles.get(),
            totalFiles.get(),
            doneBytes.get(),
            totalBytes.get(),
            clockNs.getAsLong() - startNs);
    int blank = Math.max(0, width - text.length());
    terminal.err().print("\r" + text + " ".repeat(blank));
    terminal.err().flush();
    width = text.length();
  }

  /** What one repaint shows. */
  static String line(
      String verb, long files, long allFiles, long bytes, long allBytes, long elapsedNs) {
    StringBuilder s = new StringBuilder(verb).append(' ');
    if (allBytes > 0) {
      double share = Math.min(1.0, (double) bytes / allBytes);
      int full = (int) (share * BAR);
      s.append('[')
          .repeat('#', full)
          .repeat('.', BAR - full)
          .append("] ")
          .append((int) (share * 100))
          .append("%  ");
    }
    if (allFiles > 1) {
      s.append(files).append(" of ").append(allFiles).append(" files  ");
    }
    s.append(Sizes.human(bytes));
    if (allBytes > 0) {
      s.append(" of ").append(Sizes.human(allBytes));
    }
    s.append("  ").append(Sizes.rate(bytes, elapsedNs));
    if (bytes > 0 && allBytes > bytes) {
      s.append("  ")
          .append(
              Durations.human(
                  Duration.ofNanos((long) ((double) elapsedNs / bytes * (allBytes - bytes)))))
          .append(" left");
    }
    return s.toString();
  }

  private void erase() {
    if (width > 0) {
      terminal.err().print("\r" + " ".repeat(width) + "\r");
      width = 0;
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      closing.signalAll();
      erase();
      terminal.err().flush();
    } finally {
      lock.unlock();
    }
    if (painter != null) {
      painter.interrupt();
    }
  }
}
