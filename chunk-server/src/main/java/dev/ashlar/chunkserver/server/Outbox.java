package dev.ashlar.chunkserver.server;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the master has to be told: ended tasks and bad blocks, kept until a heartbeat with them was
 * answered. Thread-safe.
 */
final class Outbox {
  /** Most of each kind in one heartbeat. */
  static final int BATCH = 1_000;

  /** Most bad blocks kept; whoever finds more must come again. */
  static final int BAD_LIMIT = 10_000;

  private final Map<Long, TaskResult> results = new LinkedHashMap<>();
  private final Map<BadKey, BadBlock> bad = new LinkedHashMap<>();
  private final Runnable news;

  /**
   * @param news run (outside any lock) when there is something to tell at once
   */
  Outbox(Runnable news) {
    this.news = news;
  }

  private record BadKey(BlockKey block, long disk) {}

  /** Part of a heartbeat. */
  record Batch(List<TaskResult> results, List<BadBlock> bad) {}

  void ended(TaskResult result) {
    synchronized (this) {
      results.put(result.task(), result);
    }
    news.run();
  }

  /** Returns false if too much waits: then it is forgotten here. */
  boolean bad(BadBlock block) {
    synchronized (this) {
      if (bad.size() >= BAD_LIMIT) {
        return false;
      }
      bad.putIfAbsent(new BadKey(block.block(), block.disk()), block);
    }
    news.run();
    return true;
  }

  /** Whether a result of this task waits to be told. */
  synchronized boolean holds(long task) {
    return results.containsKey(task);
  }

  /** Tasks whose results wait to be told. */
  synchronized List<Long> ended() {
    return List.copyOf(results.keySet());
  }

  synchronized Batch next() {
    return new Batch(first(results), first(bad));
  }

  private static <V> List<V> first(Map<?, V> map) {
    List<V> some = new ArrayList<>(Math.min(BATCH, map.size()));
    for (V v : map.values()) {
      if (some.size() == BATCH) {
        break;
      }
      some.add(v);
    }
    return some;
  }

  /** The master has read this. Returns whether more waits. */
  synchronized boolean told(Batch batch) {
    batch.results().forEach(r -> results.remove(r.task(), r));
    batch.bad().forEach(b -> bad.remove(new BadKey(b.block(), b.disk()), b));
    return !results.isEmpty() || !bad.isEmpty();
  }
}
