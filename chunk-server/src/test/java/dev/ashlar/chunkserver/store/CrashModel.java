package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a recorded store was asked and what it promised, and at which point of the history. Each
 * block goes from state to state (absent, or with some content); at a point of the history it may
 * be in any state from the last one promised before it to the last one asked for before it.
 */
final class CrashModel {
  /** What a sealed block holds. */
  record Content(byte[] bytes, int root, long epoch) {
    static Content of(byte[] bytes, long epoch) {
      int[] crcs = Checksums.slices(ByteBuffer.wrap(bytes));
      return new Content(bytes, Checksums.root(crcs, crcs.length, bytes.length), epoch);
    }
  }

  /** States that a block may be in, oldest first; null for absent. */
  record Allowed(List<@Nullable Content> states) {
    /** Null if it may also be absent. */
    @Nullable Content required() {
      return states.size() == 1 ? states.getFirst() : null;
    }

    boolean allows(@Nullable Integer root) {
      return states.stream()
          .anyMatch(s -> s == null ? root == null : root != null && s.root == root);
    }
  }

  private record Fact(int at, BlockKey key, int state, boolean promised) {}

  private final Map<BlockKey, List<@Nullable Content>> states = new TreeMap<>();
  private final List<Fact> facts = new ArrayList<>();

  /**
   * A block was asked to become this.
   *
   * @param at changes of the disk before it
   * @return number of the state, for {@link #promised}
   */
  int asked(int at, BlockKey key, @Nullable Content content) {
    List<@Nullable Content> all =
        states.computeIfAbsent(
            key,
            k -> {
              List<@Nullable Content> first = new ArrayList<>();
              first.add(null);
              return first;
            });
    all.add(content);
    facts.add(new Fact(at, key, all.size() - 1, false));
    return all.size() - 1;
  }

  /** The store said that this state is durable. */
  void promised(int at, BlockKey key, int state) {
    facts.add(new Fact(at, key, state, true));
  }

  /** The newest state asked for, null if absent. */
  @Nullable Content latest(BlockKey key) {
    List<@Nullable Content> all = states.get(key);
    return all == null ? null : all.getLast();
  }

  /** Blocks whose newest state has content. */
  List<BlockKey> present() {
    return states.keySet().stream().filter(k -> latest(k) != null).toList();
  }

  /** Blocks that were asked to go. */
  List<BlockKey> absent() {
    return states.keySet().stream().filter(k -> latest(k) == null).toList();
  }

  /** How many facts there were at a point of the history. */
  int factsAt(int point) {
    int n = 0;
    for (Fact f : facts) {
      n += f.at <= point ? 1 : 0;
    }
    return n;
  }

  /** What each block may be after so many changes of the disk. */
  Map<BlockKey, Allowed> at(int point) {
    Map<BlockKey, int[]> ranges = new TreeMap<>();
    for (Fact f : facts) {
      if (f.at <= point) {
        int[] range = ranges.computeIfAbsent(f.key, k -> new int[2]);
        range[1] = Math.max(range[1], f.state);
        range[0] = f.promised ? Math.max(range[0], f.state) : range[0];
      }
    }
    Map<BlockKey, Allowed> allowed = new TreeMap<>();
    ranges.forEach((key, range) ->
        allowed.put(
            key,
            new Allowed(
                new ArrayList<>(
                    states.getOrDefault(key, List.of()).subList(range[0], range[1] + 1)))));
    return allowed;
  }
}
