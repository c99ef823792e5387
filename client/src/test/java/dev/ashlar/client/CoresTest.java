package dev.ashlar.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ChunkReply;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The deciding parts that need no network. */
class CoresTest {
  private static final long MS = 1_000_000;

  @Test
  void acknowledgedBelowIsTheOldestOpenNumber() {
    SeqWindow window = new SeqWindow();
    assertEquals(1, window.begin());
    assertEquals(1, window.ackedBelow());
    assertEquals(2, window.begin());
    assertEquals(3, window.begin());
    window.end(2);
    assertEquals(1, window.ackedBelow());
    window.end(1);
    assertEquals(3, window.ackedBelow());
    window.end(3);
    assertEquals(4, window.ackedBelow());
  }

  @Test
  void aRingGoesRoundAndFollowsHints() {
    MasterRing ring = new MasterRing(List.of("a:1", "b:1"));
    assertEquals("a:1", ring.current());
    ring.failed("b:1"); // not the one that is asked: somebody else was faster
    assertEquals("a:1", ring.current());
    ring.failed("a:1");
    assertEquals("b:1", ring.current());
    assertTrue(ring.hint("b:1", "c:1"));
    assertEquals("c:1", ring.current());
    assertFalse(ring.hint("c:1", "c:1"));
    assertFalse(ring.hint("c:1", ""));
    assertEquals(List.of("a:1", "b:1", "c:1"), ring.all());
  }

  @Test
  void extraRequestsAreAShareOfAll() {
    HedgeBudget budget = new HedgeBudget(0.05);
    int reserve = 0;
    while (budget.trySpend()) {
      reserve++;
    }
    assertTrue(reserve > 0 && reserve <= 16);
    int extra = 0;
    for (int i = 0; i < 10_000; i++) {
      budget.earned();
      extra += budget.trySpend() ? 1 : 0;
    }
    assertTrue(extra >= 490 && extra <= 500, "extra " + extra);
  }

  @Test
  void aServerIsAvoidedLongerEachTimeAndForgivenWhenItAnswers() {
    AtomicLong clock = new AtomicLong(5);
    ServerHealth health = new ServerHealth(clock::get);
    assertFalse(health.avoided("s"));
    health.failed("s");
    health.failed("s"); // the same piece of news
    assertTrue(health.avoided("s"));
    clock.addAndGet(2_001 * MS);
    assertFalse(health.avoided("s"));
    health.failed("s");
    clock.addAndGet(3_999 * MS);
    assertTrue(health.avoided("s"));
    clock.addAndGet(2 * MS);
    assertFalse(health.avoided("s"));
    health.answered("s", MS);
    health.overtaken("s");
    clock.addAndGet(251 * MS);
    assertFalse(health.avoided("s"));
  }

  @Test
  void lateIsWhatTheServerItselfIsNotUsedTo() {
    ServerHealth health = new ServerHealth(() -> 0);
    long unknown = health.lateNs("s");
    for (int i = 0; i < 100; i++) {
      health.answered("s", MS);
    }
    assertTrue(health.lateNs("s") < unknown);
    assertTrue(health.lateNs("s") >= 20 * MS);
    for (int i = 0; i < 100; i++) {
      health.answered("s", 400 * MS);
    }
    assertEquals(600 * MS, health.lateNs("s"));
  }

  @Test
  void thePoolKeepsItsBoundAndDropsWhatIsOnlyKept() {
    PiecePool pool = new PiecePool(256 << 10);
    List<Piece> pieces = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      assertTrue(pool.tryReserve(1, 64 << 10, false));
      pieces.add(pool.borrow(64 << 10));
    }
    assertFalse(pool.tryReserve(1, 1, false));
    boolean[] dropped = new boolean[2];
    PiecePool.Keepsake needed = () -> false;
    PiecePool.Keepsake kept =
        () -> {
          dropped[0] = true;
          pieces.get(0).release();
          return true;
        };
    PiecePool.Keepsake forgotten =
        () -> {
          dropped[1] = true;
          return true;
        };
    pool.keep(forgotten);
    pool.keep(needed);
    pool.keep(kept);
    pool.forget(forgotten);
    assertTrue(pool.tryReserve(1, 50_000, false));
    Piece again = pool.borrow(50_000);
    assertTrue(dropped[0]);
    assertFalse(dropped[1]);
    ByteBuf sending = again.toSend(50_000);
    again.release();
    assertEquals(256 << 10, pool.held(), "the network still reads it");
    sending.release();
    pieces.subList(1, 4).forEach(Piece::release);
    assertEquals(0, pool.held());
    assertThrows(io.netty.util.IllegalReferenceCountException.class, () -> pieces.get(1).release());
  }

  @Test
  void memoryIsReservedForAllOrForNone() {
    PiecePool pool = new PiecePool(256 << 10);
    assertTrue(pool.tryReserve(3, 64 << 10, false));
    assertFalse(pool.tryReserve(2, 64 << 10, false));
    assertEquals(192 << 10, pool.held());
    pool.spare(32 << 10);
    assertFalse(pool.tryReserve(3, 16 << 10, false), "some is spared");
    assertTrue(pool.tryReserve(3, 16 << 10, true));
    pool.borrow(64 << 10).release();
    pool.unreserve(2, 64 << 10);
    pool.unreserve(3, 16 << 10);
    assertEquals(0, pool.held());
    assertTrue(pool.tryReserve(4, 64 << 10, false), "nobody is there to spare it for");
  }

  private static ChunkWrite chunk(Policy policy) {
    List<BlockPlace> places = new ArrayList<>();
    for (int i = 0; i < policy.width(); i++) {
      places.add(new BlockPlace("s" + i, i + 1, false));
    }
    BlockToken token = new BlockToken(1, 1, 3, 1, 1, 0, 0, new byte[0]);
    ChunkPlace place = new ChunkPlace(0, 1, 1, 0, 0, 0, 1, 1, places, new int[0], token);
    return new ChunkWrite(policy, place, 0, null);
  }

  /** All servers of an rs-4-2 chunk got a write; those in {@code answer} have received it. */
  private static ChunkWrite written(PiecePool pool, Policy policy, int answered) throws Exception {
    ChunkWrite chunk = chunk(policy);
    Batch batch = new Batch(policy, pool, 0, 1, policy.chunkBytes());
    assertTrue(batch.tryReserve(false));
    for (var space : batch.space(policy.stripeBytes())) {
      var _ = batch.filled(space.remaining());
    }
    for (int i = 0; i < policy.width(); i++) {
      var _ = batch.piece(i);
    }
    chunk.add(batch, false);
    for (Lane lane : chunk.lanes()) {
      Lane.Send send = java.util.Objects.requireNonNull(lane.next(0));
      if (lane.index() < answered) {
        assertNull(lane.answered(send, new ChunkReply.Written(batch.length(0)), 10 * MS));
      }
    }
    return chunk;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 3, 4, 5})
  void aServerIsGivenUpOnlyWhenMostSistersAreDone(int answered) throws Exception {
    Policy policy = Policy.parse("rs-4-2-16k");
    PiecePool pool = new PiecePool(16 << 20);
    ChunkWrite chunk = written(pool, policy, answered);
    assertNull(chunk.late(ChunkWrite.PATIENCE_NS), "nobody is late so early");
    Lane late = chunk.late(ChunkWrite.PATIENCE_NS + 1);
    if (answered < 3) {
      assertNull(late, "all are slow");
    } else {
      assertSame(chunk.lanes().get(answered), late);
      chunk.fail(java.util.Objects.requireNonNull(late), "was late");
      assertNull(chunk.late(100 * ChunkWrite.PATIENCE_NS), "no more can be spared");
    }
    chunk.free();
    assertEquals(0, pool.held());
  }

  @Test
  void aChunkIsHopelessWithoutOneMoreThanTheData() {
    Policy policy = Policy.parse("rs-4-2-16k");
    ChunkWrite chunk = chunk(policy);
    assertFalse(chunk.hopeless());
    chunk.fail(chunk.lanes().get(0), "gone");
    assertFalse(chunk.hopeless());
    chunk.fail(chunk.lanes().get(5), "gone");
    assertTrue(chunk.hopeless());
    assertTrue(chunk.troubles().contains("block 5 on s5 gone"));
  }

  @Test
  void pathsAreNormal() {
    assertEquals("/a/b", Paths.normalize("//a/./b/"));
    assertEquals("/", Paths.normalize(""));
    assertEquals("b", Paths.name("/a/b"));
    assertEquals("/a", Paths.parent("/a/b"));
    assertEquals("/", Paths.parent("/a"));
    assertEquals("/", Paths.parent("/"));
  }

  @Test
  void badAddressesAreExplained() {
    assertThrows(IllegalArgumentException.class, () -> ClientConfig.of("localhost"));
    assertThrows(IllegalArgumentException.class, () -> ClientConfig.of("localhost:0"));
    assertThrows(IllegalArgumentException.class, () -> ClientConfig.of(" , "));
    assertEquals(List.of("a:1", "b:2"), ClientConfig.of("a:1, b:2").masters());
  }

  @Test
  void aSingleLoopbackMasterStandsForAllOfALocalCluster() throws Exception {
    assertEquals(
        List.of(
            "127.0.0.1:7420",
            "127.0.0.1:7421",
            "127.0.0.1:7422",
            "127.0.0.1:7423",
            "127.0.0.1:7424"),
        ClientConfig.of("127.0.0.1:7420").candidates());
    assertEquals(
        List.of("127.0.0.1:1", "127.0.0.1:2"),
        ClientConfig.of("127.0.0.1:1,127.0.0.1:2").candidates());
  }
}
