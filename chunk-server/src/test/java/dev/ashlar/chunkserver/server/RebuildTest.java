package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.Damage;
import dev.ashlar.chunkserver.rebuild.RebuildPlan;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcRequest;
import dev.ashlar.protocol.rpc.RpcServer;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Rebuilds between real servers. All blocks of a chunk lie on the nine disks of one server; another
 * server makes the lost ones.
 */
class RebuildTest {
  private static final long GROUP = 3;

  @TempDir private Path dir;
  private ServerFixture f;
  private ChunkServer sources;
  private ChunkServer target;
  private long nextChunk;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    f = new ServerFixture(dir);
    sources = f.start(f.config("sources", 9));
    target = f.start("target");
  }

  @AfterEach
  void stop() {
    f.close();
  }

  /** A chunk on the disks of {@link #sources}. */
  private final class Stored {
    final TestChunk chunk;
    final long id = ++nextChunk;
    final List<BlockPlace> places = new ArrayList<>();

    Stored(String policy, int length) throws AshlarException {
      chunk = new TestChunk(Policy.parse(policy), length, f.random);
      for (int i = 0; i < chunk.policy.width(); i++) {
        if (chunk.blocks[i].length == 0) {
          places.add(BlockPlace.NOWHERE);
          continue;
        }
        put(i, chunk.blocks[i]);
        places.add(new BlockPlace(sources.advertised(), sources.disks().get(i).disk(), false));
      }
    }

    void put(int index, byte[] bytes) throws AshlarException {
      f.client.put(
          sources,
          sources.disks().get(index).disk(),
          key(index),
          f.master.token(id, 1, 5, GROUP),
          bytes,
          1 << 20);
    }

    void drop(int index) throws InterruptedException {
      long task = f.master.taskId();
      f.master.order(
          "sources", new Task.Delete(task, sources.disks().get(index).disk(), List.of(key(index))));
      assertEquals("", f.master.result(task).outcome());
    }

    BlockKey key(int index) {
      return new BlockKey(id, 1, index);
    }

    TaskResult rebuild(int index, List<BlockPlace> from, int[] roots) throws InterruptedException {
      return f.master.result(order(index, from, roots));
    }

    long order(int index, List<BlockPlace> from, int[] roots) {
      long task = f.master.taskId();
      f.master.order(
          "target",
          new Task.Rebuild(
              task,
              key(index),
              GROUP,
              ServerFixture.disk(target),
              chunk.policy.toString(),
              chunk.length,
              from,
              roots,
              f.master.readAll()));
      return task;
    }

    /** The source that a rebuild of this index asks first. */
    int firstSource(int index) throws AshlarException {
      return RebuildPlan.of(
              new Task.Rebuild(
                  1,
                  key(index),
                  GROUP,
                  1,
                  chunk.policy.toString(),
                  chunk.length,
                  places,
                  chunk.roots,
                  f.master.readAll()))
          .candidates()
          .getFirst();
    }

    List<BlockPlace> without(int... indexes) {
      List<BlockPlace> some = new ArrayList<>(places);
      for (int i : indexes) {
        some.set(i, BlockPlace.NOWHERE);
      }
      return some;
    }

    void assertRebuilt(int index) throws AshlarException {
      byte[] want = chunk.blocks[index];
      byte[] got = new byte[want.length];
      for (int at = 0; at < got.length; at += 1 << 20) {
        byte[] part =
            f.client.read(
                target,
                ServerFixture.disk(target),
                key(index),
                f.master.readAll(),
                at,
                Math.min(1 << 20, got.length - at));
        System.arraycopy(part, 0, got, at, part.length);
      }
      assertArrayEquals(
          want,
          got,
          () ->
              "index " + index + " of " + chunk.policy + " with " + chunk.length + " bytes; " + f);
      ChunkReply.BlockInfo info = stat(index);
      assertTrue(info.sealed());
      assertEquals(chunk.roots[index], info.root());
    }

    ChunkReply.BlockInfo stat(int index) throws AshlarException {
      return (ChunkReply.BlockInfo)
          f.client.call(
              target,
              new ChunkRequest.StatBlock(
                  key(index), ServerFixture.disk(target), f.master.readAll()),
              null);
    }

    void assertNotThere(int index) {
      assertEquals(
          ErrorCode.VERSION_GONE, assertThrows(AshlarException.class, () -> stat(index)).code());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rs-6-3", "rs-4-2-16k", "xor-2-1", "mirror-3"})
  void makes_every_block_with_as_many_losses_as_the_policy_bears(String text) throws Exception {
    Policy policy = Policy.parse(text);
    int stripe = policy.stripeBytes();
    int[] lengths = {
      1,
      BlockLayout.SLICE_BYTES + 1,
      policy.cellBytes(),
      stripe - 1,
      stripe,
      2 * stripe + policy.cellBytes() + 77,
      5 * stripe + f.random.nextInt(stripe)
    };
    for (int length : lengths) {
      Stored stored = new Stored(text, length);
      long[] tasks = new long[policy.width()];
      for (int index = 0; index < policy.width(); index++) {
        List<Integer> others = new ArrayList<>();
        for (int i = 0; i < policy.width(); i++) {
          if (i != index) {
            others.add(i);
          }
        }
        Collections.shuffle(others, f.random);
        int[] lost = new int[1 + f.random.nextInt(policy.m())];
        lost[0] = index;
        for (int i = 1; i < lost.length; i++) {
          lost[i] = others.get(i);
        }
        tasks[index] = stored.order(index, stored.without(lost), stored.chunk.roots);
      }
      for (int index = 0; index < policy.width(); index++) {
        TaskResult result = f.master.result(tasks[index]);
        assertEquals("", result.outcome(), f::toString);
        assertEquals(stored.chunk.blocks[index].length, result.bytes());
        if (result.bytes() > 0) {
          stored.assertRebuilt(index);
        } else {
          stored.assertNotThere(index);
        }
      }
    }
    assertTrue(f.master.allBad().isEmpty());
  }

  @Test
  void makes_a_block_of_full_size() throws Exception {
    Stored stored = new Stored("rs-2-1", 2 * BlockLayout.BLOCK_BYTES);
    assertEquals("", stored.rebuild(1, stored.without(1), stored.chunk.roots).outcome());
    stored.assertRebuilt(1);
  }

  @Test
  void is_done_at_once_if_the_block_is_there_and_good() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    assertEquals("", stored.rebuild(2, stored.without(2), stored.chunk.roots).outcome());
    TaskResult again = stored.rebuild(2, stored.without(2), stored.chunk.roots);
    assertEquals("", again.outcome());
    assertEquals(0, again.bytes());
    stored.assertRebuilt(2);
  }

  @Test
  void replaces_what_another_writer_left_in_its_place() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    BlockToken token = f.master.token(stored.id, 1, 5, GROUP);
    long disk = ServerFixture.disk(target);
    f.client.put(target, disk, stored.key(0), token, f.bytes(5_000), 1 << 20);
    byte[] part = f.bytes(16_384);
    f.client.call(
        target,
        new ChunkRequest.WriteBlock(
            stored.key(1), disk, GROUP, token, 0, 0, 0, TestClient.crcs(part), false),
        part);
    for (int i = 0; i < 2; i++) {
      assertEquals("", stored.rebuild(i, stored.without(i), stored.chunk.roots).outcome());
      stored.assertRebuilt(i);
    }
  }

  @Test
  void a_source_that_is_not_what_was_committed_is_reported_and_replaced() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    int bad = stored.firstSource(0);
    stored.drop(bad);
    byte[] other = stored.chunk.blocks[bad].clone();
    other[70_000] ^= 1;
    stored.put(bad, other);
    assertEquals("", stored.rebuild(0, stored.without(0), stored.chunk.roots).outcome());
    stored.assertRebuilt(0);
    assertEquals(stored.places.get(bad).disk(), f.master.bad(stored.key(bad)).disk());
    assertTrue(f.master.allBad().stream().allMatch(b -> b.block().equals(stored.key(bad))));
  }

  @Test
  void a_source_whose_media_rotted_is_reported_and_replaced() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    int bad = stored.firstSource(1);
    Damage.flipBit(
        f.disk("sources", bad),
        Arrays.copyOf(stored.chunk.blocks[bad], BlockLayout.SLICE_BYTES),
        4_000);
    assertEquals("", stored.rebuild(1, stored.without(1), stored.chunk.roots).outcome());
    stored.assertRebuilt(1);
    assertEquals(stored.places.get(bad).disk(), f.master.bad(stored.key(bad)).disk());
  }

  @Test
  void a_block_that_rotted_in_place_is_made_anew() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    assertEquals("", stored.rebuild(2, stored.without(2), stored.chunk.roots).outcome());
    Damage.flipBit(
        f.disk("target", 0), Arrays.copyOf(stored.chunk.blocks[2], BlockLayout.SLICE_BYTES), 4_000);
    TaskResult again = stored.rebuild(2, stored.without(2), stored.chunk.roots);
    assertEquals(stored.chunk.blocks[2].length, again.bytes());
    stored.assertRebuilt(2);
  }

  /** Most of its bytes are good, and may be what is needed to save another block. */
  @Test
  void a_block_that_rotted_stays_if_it_cannot_be_made_anew() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    assertEquals("", stored.rebuild(2, stored.without(2), stored.chunk.roots).outcome());
    Damage.flipBit(
        f.disk("target", 0), Arrays.copyOf(stored.chunk.blocks[2], BlockLayout.SLICE_BYTES), 4_000);
    stored.drop(0);
    stored.drop(1);
    String outcome = stored.rebuild(2, stored.without(2), stored.chunk.roots).outcome();
    assertTrue(outcome.startsWith("UNAVAILABLE"), outcome);
    int[] some = {BlockLayout.SLICE_BYTES, 2 * BlockLayout.SLICE_BYTES};
    assertArrayEquals(
        Arrays.copyOfRange(stored.chunk.blocks[2], some[0], some[0] + some[1]),
        f.client.read(
            target,
            ServerFixture.disk(target),
            stored.key(2),
            f.master.readAll(),
            some[0],
            some[1]));
  }

  @Test
  void missing_and_dead_sources_are_replaced() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    stored.drop(2);
    List<BlockPlace> places = stored.without(0);
    assertEquals("", stored.rebuild(0, places, stored.chunk.roots).outcome());
    stored.assertRebuilt(0);
    List<BlockPlace> dead = stored.without(1);
    dead.set(3, new BlockPlace("127.0.0.1:1", 99, false));
    dead.set(2, BlockPlace.NOWHERE);
    String outcome = stored.rebuild(1, dead, stored.chunk.roots).outcome();
    assertTrue(outcome.startsWith("UNAVAILABLE"), outcome);
    stored.assertNotThere(1);
    stored.put(2, stored.chunk.blocks[2]);
    dead.set(2, stored.places.get(2));
    assertEquals("", stored.rebuild(1, dead, stored.chunk.roots).outcome());
    stored.assertRebuilt(1);
  }

  @Test
  void a_source_that_does_not_answer_is_replaced() throws Exception {
    f.stop(target);
    ChunkServerConfig c = f.config("target", 1);
    target =
        f.start(
            c.withRebuild(
                new ChunkServerConfig.RebuildLimits(
                    2, 1L << 40, 1L << 40, 64 << 10, Duration.ofMillis(500))));
    Stored stored = new Stored("rs-4-2", 1_000_000);
    int slow = stored.firstSource(4);
    Queue<RpcRequest> held = new ConcurrentLinkedQueue<>();
    try (RpcServer silent =
        RpcServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            "silent",
            Role.CHUNK_SERVER,
            r -> silence(r, slow, stored, held))) {
      List<BlockPlace> places = stored.without(4);
      places.set(slow, new BlockPlace("127.0.0.1:" + silent.address().getPort(), 1, false));
      assertEquals("", stored.rebuild(4, places, stored.chunk.roots).outcome());
      stored.assertRebuilt(4);
      held.forEach(r -> r.fail(ErrorCode.UNAVAILABLE, "the test is over"));
    }
  }

  /** Answers what it has, but no reads past the first. */
  private static void silence(
      RpcRequest request, int index, Stored stored, Queue<RpcRequest> held) {
    request.payload().release();
    byte[] block = stored.chunk.blocks[index];
    switch (request.message()) {
      case ChunkRequest.StatBlock _ ->
          request.reply(
              new ChunkReply.BlockInfo(
                  block.length, stored.chunk.roots[index], TestClient.crcs(block), true, 5));
      case ChunkRequest.ReadBlock r when r.offset() == 0 -> {
        byte[] part = Arrays.copyOf(block, r.length());
        request.reply(
            new ChunkReply.BlockData(0, TestClient.crcs(part), block.length),
            Unpooled.directBuffer().writeBytes(part));
      }
      default -> held.add(request);
    }
  }

  @Test
  void a_result_that_is_not_what_was_committed_is_never_kept() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    for (int index : new int[] {0, 5}) {
      int[] roots = stored.chunk.roots.clone();
      roots[index]++;
      String outcome = stored.rebuild(index, stored.without(index), roots).outcome();
      assertTrue(outcome.startsWith("CORRUPT"), outcome);
      stored.assertNotThere(index);
    }
  }

  @Test
  void too_few_sources_are_said_to_be_too_few() throws Exception {
    Stored stored = new Stored("rs-4-2", 1_000_000);
    String outcome = stored.rebuild(0, stored.without(0, 1, 2), stored.chunk.roots).outcome();
    assertTrue(outcome.startsWith("DATA_LOST"), outcome);
  }
}
