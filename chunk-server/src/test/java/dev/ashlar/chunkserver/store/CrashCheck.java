package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.store.CrashModel.Allowed;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Starts a store on what a crash left and holds what it has against the model. */
final class CrashCheck {
  /** What happens to the recovered store next. */
  enum Then {
    /** Nothing. */
    END,
    /** The process dies at once: the next start finds the same. */
    KILL,
    /** Power is lost at once, with all that was not synced: the next start finds the same. */
    CUT,
    /** The index is lost: the next start finds the same. */
    REBUILD,
    /** It takes work, and power is lost after that: the next start finds what was promised. */
    WORK
  }

  private static final long NEW_CHUNK = 5_000_000;

  private final CrashIo.Kind kind;
  private final Map<BlockKey, Allowed> allowed;
  private final boolean ghosts;

  /**
   * @param ghosts whether blocks whose deletion was promised may be there again: they are reported
   *     to the masters, who order their deletion once more
   */
  CrashCheck(CrashIo.Kind kind, Map<BlockKey, Allowed> allowed, boolean ghosts) {
    // Room for deletions is what the reserve is for, which recorded disks do without.
    this.kind = new CrashIo.Kind(kind.direct(), kind.punching(), Long.MAX_VALUE >> 1);
    this.allowed = allowed;
    this.ghosts = ghosts;
  }

  /** Answers what the recovery changed. */
  List<CrashOp> run(CrashDisk.Image image, Then then) throws IOException {
    CrashLife life = CrashLife.begin(image, kind);
    try {
      Map<BlockKey, Integer> found = check(life);
      List<CrashOp> changes = List.copyOf(life.history);
      switch (then) {
        case END -> {}
        case KILL -> same(found, image(image, life, true));
        case CUT -> same(found, image(image, life, false));
        case REBUILD -> {
          CrashDisk.Image kept = image(image, life, true);
          same(found, new CrashDisk.Image(kept.files(), null));
        }
        case WORK -> work(life, image, found);
      }
      return changes;
    } finally {
      life.end();
    }
  }

  private static CrashDisk.Image image(CrashDisk.Image start, CrashLife life, boolean kept) {
    CrashDisk disk = new CrashDisk(start);
    life.history.forEach(disk::apply);
    return kept ? disk.killed((_, _) -> true) : disk.cut((_, _) -> false);
  }

  private void same(Map<BlockKey, Integer> found, CrashDisk.Image next) throws IOException {
    CrashLife life = CrashLife.begin(next, kind);
    try {
      assertEquals(found, check(life), "A second start finds other blocks than the first");
    } finally {
      life.end();
    }
  }

  /** Answers the roots of the blocks that are there. */
  private Map<BlockKey, Integer> check(CrashLife life) throws IOException {
    DiskStore store = life.store;
    Map<BlockKey, Integer> found = new HashMap<>();
    for (BlockRow row : StoreChecks.rows(store.state())) {
      found.put(row.key(), row.root());
      Allowed a = allowed.get(row.key());
      assertNotNull(a, () -> row.key() + " is there, but nobody wrote it");
      assertTrue(
          a.allows(row.root()) || ghosts && a.required() == null,
          () -> row.key() + " is there as it may not be: " + row);
    }
    allowed.forEach((key, a) ->
        assertTrue(
            found.containsKey(key) || a.allows(null), () -> key + " was promised and is lost"));
    assertEquals(
        List.of(),
        store.verify(found.keySet().stream().filter(this::judged).toList()),
        "Blocks have wrong bytes");
    assertEquals(
        List.of(),
        store.takeBad().stream().filter(b -> judged(b.block())).toList(),
        "Blocks are reported as bad");
    StoreChecks.counters(store.state());
    assertEquals(DiskState.UP, store.report().state(), () -> store.report().error());
    assertEquals(life.home.io().allocated(), store.report().usedBytes(), "Bytes in use");
    assertEquals(found.size(), store.report().blocks());
    return found;
  }

  /** A ghost's bytes may be gone with their segment. */
  private boolean judged(BlockKey key) {
    Allowed a = allowed.get(key);
    return !ghosts || a != null && a.required() != null;
  }

  private void work(CrashLife life, CrashDisk.Image start, Map<BlockKey, Integer> found)
      throws IOException {
    byte[] whole = Bytes.random(found.size(), CrashScript.SLICE + 9);
    BlockKey fresh = CrashScript.key(NEW_CHUNK, 1);
    BlockKey victim = found.keySet().stream().min(BlockKey::compareTo).orElse(fresh);
    CompletableFuture<?> put = life.put(fresh, 99, 0, 0, whole, CrashScript.SLICE);
    CompletableFuture<?> late = late(life, found);
    CompletableFuture<?> deletion = life.store.delete(List.of(victim));
    life.world.turn();
    for (int i = 0; i < 3; i++) {
      life.world.turn();
    }
    assertNull(CrashLife.failure(put), "New work is refused");
    assertNull(CrashLife.failure(deletion), "A deletion is refused");
    if (late != null) {
      AshlarException e = assertInstanceOf(AshlarException.class, CrashLife.failure(late));
      assertEquals(ErrorCode.STALE_EPOCH, e.code(), "A writer of an older epoch");
    }
    allowed.put(fresh, new Allowed(List.of(CrashModel.Content.of(whole, 99))));
    allowed.put(victim, ABSENT);
    found.put(fresh, CrashModel.Content.of(whole, 99).root());
    found.remove(victim);
    same(found, image(start, life, false));
  }

  private static final Allowed ABSENT = absent();

  private static Allowed absent() {
    List<CrashModel.@Nullable Content> states = new ArrayList<>();
    states.add(null);
    return new Allowed(states);
  }

  /** A write under an older epoch than that of a block that is there; null if there is none. */
  private @Nullable CompletableFuture<?> late(CrashLife life, Map<BlockKey, Integer> found) {
    for (Map.Entry<BlockKey, Allowed> e : allowed.entrySet()) {
      CrashModel.Content c = e.getValue().required();
      if (c != null && c.epoch() > 1 && found.containsKey(e.getKey())) {
        return life.put(
            CrashScript.key(e.getKey().chunk(), 4_000_000), c.epoch() - 1, 0, 0, new byte[8], 8);
      }
    }
    return null;
  }
}
