package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What must hold of a store at any time. */
final class StoreChecks {
  private StoreChecks() {}

  static List<BlockRow> rows(StoreState state) throws IOException {
    List<BlockRow> rows = new ArrayList<>();
    state.index.rows(state.index.committed(), null, rows::add);
    return rows;
  }

  /**
   * Promised blocks are there with their bytes; whatever else is there was at least asked for, and
   * is whole.
   */
  static void blocks(StoreState state, Workload load) throws IOException {
    BlockVerifier verifier = new BlockVerifier(state.log);
    Set<BlockKey> found = new HashSet<>();
    for (BlockRow row : rows(state)) {
      byte[] expected = load.promised.getOrDefault(row.key(), load.mayBe.get(row.key()));
      assertNotNull(expected, () -> row.key() + " is there, but was deleted or never sealed");
      assertEquals(expected.length, row.length(), () -> "length of " + row.key());
      assertTrue(
          Arrays.equals(Checksums.slices(ByteBuffer.wrap(expected)), row.crcs()),
          () -> row.key() + " has other bytes");
      assertNull(
          verifier.fault(row),
          () ->
              row
                  + " is damaged, synced to "
                  + Address.text(state.log.synced())
                  + ", promised "
                  + load.promised.containsKey(row.key()));
      found.add(row.key());
    }
    for (BlockKey key : load.promised.keySet()) {
      assertTrue(
          found.contains(key) || load.mayBeGone.contains(key),
          () -> key + " was promised and is lost");
    }
    assertEquals(List.of(), state.takeBad());
  }

  /** Counters agree with the rows and the staged blocks. */
  static void counters(StoreState state) throws IOException {
    Map<Long, Long> digests = new HashMap<>();
    Map<Integer, List<Extent>> used = new HashMap<>();
    List<BlockRow> rows = rows(state);
    List<Extent> all = new ArrayList<>();
    for (BlockRow row : rows) {
      digests.merge(row.group(), Checksums.digest(row.key(), row.root()), Long::sum);
      all.addAll(row.extents());
    }
    state.staged.values().forEach(s -> all.addAll(s.extents()));
    Map<Long, Long> counted = new HashMap<>();
    state.totals.all().forEach(g -> counted.put(g.group(), g.digest()));
    assertEquals(digests, counted);
    assertEquals(rows.size(), state.totals.blocks());
    for (Extent e : Ranges.merge(all)) {
      used.computeIfAbsent(Address.segment(e.address()), s -> new ArrayList<>()).add(e);
    }
    for (BlockLog.Segment segment : state.log.segments()) {
      assertEquals(
          Ranges.bytes(used.getOrDefault(segment.id(), List.of())),
          state.space.live(segment.id()),
          () -> "live bytes of segment " + segment.id());
    }
  }
}
