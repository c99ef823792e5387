package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.Attr;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Puts small files together into packs: while one pack is being written those that come wait, and
 * share the next. Callers that were told together come back together, so a pack waits a moment for
 * as many files as the last one had. So a file that comes alone is not kept waiting, and the more
 * there are the less each costs. Thread-safe; the callers of {@link #put} wait, threads that live
 * as long as there is something to write do the work.
 */
final class Packer {
  /** Bytes of one pack, so that files need not wait for a whole chunk to be filled. */
  static final int MOST_BYTES = 4 << 20;

  /** Files of one pack. */
  static final int MOST_FILES = 256;

  /** Packs written at a time; a second one only if it is worth its cost. */
  private static final int MOST_WRITERS = 2;

  private static final int WORTH_FILES = 64;

  private static final Duration SOON = Duration.ofMillis(500);

  /** A small part of what a pack takes to be written. */
  private static final Duration GATHER = Duration.ofMillis(1);

  /** Beyond these a file is written by itself, by the thread that brings it. */
  private static final int MOST_WAITING = 4 * MOST_FILES;

  private final ClientServices services;
  private final PackWriter packs;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<SmallFile> waiting = new ArrayDeque<>();
  private final World.Signal arrival;
  private int writers;
  private boolean began;
  private long lastNs;

  Packer(ClientServices services) {
    this.services = services;
    this.packs = new PackWriter(services, new SparePack(services));
    this.arrival = services.world().signal();
  }

  /** Returns once the file is durable and has its name. */
  Attr put(SmallFile file) throws AshlarException {
    return enqueue(file) ? await(file) : alone(file);
  }

  private boolean enqueue(SmallFile file) {
    lock.lock();
    try {
      if (waiting.size() >= MOST_WAITING) {
        return false;
      }
      waiting.add(file);
      arrival.raise();
      if (writers == 0 || writers < MOST_WRITERS && waiting.size() >= WORTH_FILES) {
        writers++;
        services.world().startLight("ashlar-client-pack", this::run);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    boolean ended = false;
    try {
      for (List<SmallFile> batch = next(); !batch.isEmpty(); batch = next()) {
        write(batch);
        gather(batch.size());
      }
      ended = true;
    } finally {
      if (!ended) {
        giveUp();
      }
    }
  }

  /** Waits a moment for so many files, if it takes that to come by them. */
  private void gather(int files) {
    World world = services.world();
    long until = world.nanoTime() + GATHER.toNanos();
    try {
      boolean came = true;
      for (long left = GATHER.toNanos(); came && left > 0 && waiting() < files; ) {
        came = arrival.await(left);
        left = until - world.nanoTime();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // so those that are there do not wait
    }
  }

  private int waiting() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  private void write(List<SmallFile> batch) {
    try {
      boolean few = batch.size() < services.config().packFiles() && !soonAfterAnother();
      if (few && batch.stream().anyMatch(f -> f.bytes() > 0)) {
        batch.forEach(this::complete);
      } else {
        packs.write(batch, !few).forEach(this::complete);
      }
    } finally {
      batch.forEach(Packer::fail); // those that were told nothing, if memory ran out or the like
    }
  }

  /** This thread ends before its time: nobody may be left waiting for it. */
  private void giveUp() {
    List<SmallFile> left = List.of();
    lock.lock();
    try {
      writers--;
      if (writers == 0) {
        left = List.copyOf(waiting);
        waiting.clear();
      }
    } finally {
      lock.unlock();
    }
    left.forEach(Packer::fail);
  }

  private static void fail(SmallFile file) {
    if (!file.outcome().isDone()) {
      file.outcome()
          .completeExceptionally(
              new AshlarException(
                  ErrorCode.TIMEOUT,
                  file.title() + " may not have been written: look whether it is there"));
    }
  }

  /** Whether the last batch began a moment ago: then another will come, and a pack pays. */
  private boolean soonAfterAnother() {
    long now = services.world().nanoTime();
    lock.lock();
    try {
      boolean soon = began && now - lastNs < SOON.toNanos();
      began = true;
      lastNs = now;
      return soon;
    } finally {
      lock.unlock();
    }
  }

  /** Files with the same options for their policy; none if this thread is not needed any more. */
  private List<SmallFile> next() {
    lock.lock();
    try {
      List<SmallFile> batch = new ArrayList<>();
      int bytes = 0;
      SmallFile first = waiting.peek();
      for (SmallFile next = first;
          next != null
              && first != null
              && batch.size() < MOST_FILES
              && bytes + next.bytes() <= MOST_BYTES
              && next.options().policy().equals(first.options().policy());
          next = waiting.peek()) {
        bytes += next.bytes();
        batch.add(waiting.remove());
      }
      if (batch.isEmpty()) {
        writers--;
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /** Writes a file by itself, which a pack could not take. */
  private void complete(SmallFile file) {
    try {
      file.outcome().complete(alone(file));
    } catch (AshlarException | RuntimeException e) {
      file.outcome().completeExceptionally(e);
    }
  }

  private Attr alone(SmallFile file) throws AshlarException {
    for (int i = 1; ; i++) {
      try {
        return written(file);
      } catch (AshlarException e) {
        if (i == PackWriter.TRIES || !PackWriter.dropped(e)) {
          throw e;
        }
      }
    }
  }

  private Attr written(SmallFile file) throws AshlarException {
    try (StagedWriter writer =
        StagedWriter.start(
            services, file.parent(), file.name(), file.options().withExpectedSize(file.bytes()))) {
      var _ = writer.write(file.content().duplicate());
      return writer.commit();
    }
  }

  private Attr await(SmallFile file) throws AshlarException {
    try {
      return services.world().await(file.outcome(), Long.MAX_VALUE);
    } catch (ExecutionException e) {
      throw Transport.asAshlar(e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException e) {
      throw new AshlarException(ErrorCode.TIMEOUT, file.title() + " was not written in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(
          ErrorCode.TIMEOUT,
          "Interrupted while " + file.title() + " was written: look whether it is there",
          e);
    }
  }
}
