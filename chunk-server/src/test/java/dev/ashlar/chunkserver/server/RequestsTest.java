package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.message.MasterRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class RequestsTest {
  private static final int SLICE = BlockLayout.SLICE_BYTES;
  private static final long GROUP = 4;

  @TempDir private Path dir;
  private ServerFixture f;
  private ChunkServer server;
  private long disk;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    f = new ServerFixture(dir);
    server = f.start("s1");
    disk = ServerFixture.disk(server);
  }

  @AfterEach
  void stop() {
    f.close();
  }

  @Test
  void writes_seals_and_reads_back_every_range() throws AshlarException {
    BlockKey block = new BlockKey(1, 1, 0);
    BlockToken token = f.master.token(1, 1, 7, GROUP);
    byte[] bytes = f.bytes(3 * SLICE + 1_234);
    ChunkReply.Sealed sealed = f.client.put(server, disk, block, token, bytes, SLICE);
    int[] crcs = TestClient.crcs(bytes);
    assertEquals(Checksums.root(crcs, crcs.length, bytes.length), sealed.root());
    assertArrayEquals(
        bytes, f.client.read(server, disk, block, token, 0, bytes.length), f::toString);
    for (int i = 0; i < 50; i++) {
      int offset = f.random.nextInt(bytes.length);
      int length = 1 + f.random.nextInt(bytes.length - offset);
      int from = offset / SLICE * SLICE;
      int to = Math.min(bytes.length, (offset + length + SLICE - 1) / SLICE * SLICE);
      assertArrayEquals(
          Arrays.copyOfRange(bytes, from, to),
          f.client.read(server, disk, block, token, offset, length),
          f::toString);
    }
    assertEquals(0, f.client.read(server, disk, block, token, 10 * SLICE, 5).length);
    ChunkReply.BlockInfo info =
        (ChunkReply.BlockInfo)
            f.client.call(server, new ChunkRequest.StatBlock(block, disk, token), null);
    assertTrue(info.sealed());
    assertArrayEquals(crcs, info.crcs());
  }

  @Test
  void a_staged_block_is_invisible_to_readers() throws AshlarException {
    BlockKey block = new BlockKey(1, 1, 0);
    BlockToken token = f.master.token(1, 1, 7, GROUP);
    byte[] bytes = f.bytes(SLICE);
    f.client.call(
        server,
        new ChunkRequest.WriteBlock(
            block, disk, GROUP, token, 0, 0, 0, TestClient.crcs(bytes), false),
        bytes);
    refused(ErrorCode.VERSION_GONE, () -> f.client.read(server, disk, block, token, 0, SLICE));
    f.client.call(server, new ChunkRequest.SealBlock(block, disk, GROUP, token, 0, 0, SLICE), null);
    assertArrayEquals(bytes, f.client.read(server, disk, block, token, 0, SLICE));
  }

  @Test
  void an_append_shares_what_it_keeps() throws AshlarException {
    byte[] first = f.bytes(2 * SLICE + 50);
    f.client.put(
        server, disk, new BlockKey(1, 1, 0), f.master.token(1, 1, 7, GROUP), first, 4 * SLICE);
    BlockKey next = new BlockKey(1, 2, 0);
    BlockToken token = f.master.token(1, 2, 8, GROUP);
    byte[] tail = f.bytes(SLICE + 99);
    ChunkReply.Sealed sealed =
        (ChunkReply.Sealed)
            f.client.call(
                server,
                new ChunkRequest.WriteBlock(
                    next,
                    disk,
                    GROUP,
                    token,
                    1,
                    2L * SLICE,
                    2L * SLICE,
                    TestClient.crcs(tail),
                    true),
                tail);
    byte[] whole = Arrays.copyOf(first, 2 * SLICE + tail.length);
    System.arraycopy(tail, 0, whole, 2 * SLICE, tail.length);
    assertArrayEquals(TestClient.crcs(whole), sealed.crcs());
    assertArrayEquals(whole, f.client.read(server, disk, next, token, 0, whole.length));
    assertArrayEquals(
        first, f.client.read(server, disk, new BlockKey(1, 1, 0), token, 0, first.length));
  }

  @Test
  void refuses_tokens_that_do_not_fit_and_stays_unharmed() throws AshlarException {
    BlockKey block = new BlockKey(1, 1, 0);
    BlockToken token = f.master.token(1, 1, 7, GROUP);
    byte[] bytes = f.bytes(SLICE);
    f.client.put(server, disk, block, token, bytes, SLICE);
    long later = System.currentTimeMillis() + 100_000;
    BlockKey other = new BlockKey(2, 1, 0);
    refused(ErrorCode.BAD_TOKEN, () -> f.client.put(server, disk, other, token, bytes, SLICE));
    refused(ErrorCode.BAD_TOKEN, () -> f.client.read(server, disk, other, token, 0, SLICE));
    refused(
        ErrorCode.BAD_TOKEN,
        () ->
            f.client.put(
                server,
                disk,
                other,
                f.master.sign(2, 1, BlockToken.READ, 7, GROUP, later),
                bytes,
                SLICE));
    refused(
        ErrorCode.BAD_TOKEN,
        () ->
            f.client.put(
                server,
                disk,
                other,
                f.master.sign(2, 1, BlockToken.WRITE, 7, GROUP, System.currentTimeMillis() - 1),
                bytes,
                SLICE));
    refused(
        ErrorCode.BAD_TOKEN,
        () ->
            f.client.put(
                server,
                disk,
                other,
                new BlockToken(2, 1, 3, 7, GROUP, later, 1, new byte[32]),
                bytes,
                SLICE));
    refused(
        ErrorCode.BAD_TOKEN,
        () ->
            f.client.call(
                server, new ChunkRequest.ListBlocks(disk, token, new BlockKey(0, 0, 0), 10), null));
    assertArrayEquals(bytes, f.client.read(server, disk, block, token, 0, SLICE));
  }

  @Test
  void an_older_lease_can_change_nothing_after_a_newer_one_wrote() throws AshlarException {
    byte[] bytes = f.bytes(SLICE);
    f.client.put(server, disk, new BlockKey(1, 1, 0), f.master.token(1, 1, 9, GROUP), bytes, SLICE);
    refused(
        ErrorCode.STALE_EPOCH,
        () ->
            f.client.put(
                server, disk, new BlockKey(1, 2, 0), f.master.token(1, 2, 8, GROUP), bytes, SLICE));
  }

  @Test
  void refuses_garbage() throws AshlarException {
    BlockToken token = f.master.token(1, 1, 7, GROUP);
    byte[] bytes = f.bytes(SLICE);
    int[] crcs = TestClient.crcs(bytes);
    int[] wrong = {crcs[0] + 1};
    BlockKey block = new BlockKey(1, 1, 0);
    refused(
        ErrorCode.CORRUPT,
        () ->
            f.client.call(
                server,
                new ChunkRequest.WriteBlock(block, disk, GROUP, token, 0, 0, 0, wrong, true),
                bytes));
    refused(
        ErrorCode.INVALID,
        () ->
            f.client.call(
                server,
                new ChunkRequest.WriteBlock(block, disk, GROUP, token, 0, 0, -5, crcs, true),
                bytes));
    refused(
        ErrorCode.INVALID,
        () ->
            f.client.call(
                server,
                new ChunkRequest.WriteBlock(
                    new BlockKey(1, 1, 64), disk, GROUP, token, 0, 0, 0, crcs, true),
                bytes));
    refused(
        ErrorCode.INVALID,
        () -> f.client.call(server, new ChunkRequest.ReadBlock(block, disk, token, -1, 5), null));
    refused(
        ErrorCode.INVALID,
        () ->
            f.client.call(
                server,
                new ChunkRequest.ReadBlock(block, disk, token, 0, Integer.MAX_VALUE),
                null));
    refused(
        ErrorCode.DISK_FAILED,
        () -> f.client.call(server, new ChunkRequest.StatBlock(block, disk + 1, token), null));
    refused(
        ErrorCode.VERSION_GONE,
        () -> f.client.call(server, new ChunkRequest.StatBlock(block, disk, token), null));
    refused(
        ErrorCode.INVALID,
        () ->
            f.client.rpc.call(
                server.advertised(), new MasterRequest.StatFs(), null, TestClient.LIMIT));
    f.client.put(server, disk, block, token, bytes, SLICE);
  }

  @Test
  void lists_blocks_and_tells_its_state_without_a_token() throws AshlarException {
    for (int i = 1; i <= 5; i++) {
      f.client.put(
          server, disk, new BlockKey(i, 1, 2), f.master.token(i, 1, 7, GROUP), f.bytes(100), SLICE);
    }
    ChunkReply.Blocks blocks =
        (ChunkReply.Blocks)
            f.client.call(
                server,
                new ChunkRequest.ListBlocks(disk, f.master.readAll(), new BlockKey(2, 1, 2), 2),
                null);
    assertEquals(List.of(3L, 4L), blocks.blocks().stream().map(b -> b.block().chunk()).toList());
    assertTrue(blocks.more());
    ChunkReply.ServerState state =
        (ChunkReply.ServerState) f.client.call(server, new ChunkRequest.GetServerState(), null);
    assertEquals("s1", state.server());
    assertEquals(5, state.disks().getFirst().blocks());
  }

  @Test
  void what_was_sealed_is_there_after_a_restart() throws Exception {
    BlockToken token = f.master.token(1, 1, 7, GROUP);
    byte[] bytes = f.bytes(5 * SLICE + 7);
    f.client.put(server, disk, new BlockKey(1, 1, 0), token, bytes, 2 * SLICE);
    f.stop(server);
    f.master.forget();
    server = f.start("s1");
    assertEquals(disk, ServerFixture.disk(server));
    assertArrayEquals(
        bytes, f.client.read(server, disk, new BlockKey(1, 1, 0), token, 0, bytes.length));
  }

  @Test
  void asks_to_retry_until_it_has_keys() throws Exception {
    f.master.leader("127.0.0.1:1");
    try (ChunkServer alone = ChunkServer.start(f.config("s2", 1))) {
      refused(
          ErrorCode.RETRY,
          () ->
              f.client.put(
                  alone,
                  ServerFixture.disk(alone),
                  new BlockKey(1, 1, 0),
                  f.master.token(1, 1, 7, GROUP),
                  f.bytes(10),
                  SLICE));
      f.master.leader("");
      f.master.heartbeat("s2");
    }
  }

  private static void refused(ErrorCode code, Executable request) {
    assertEquals(code, assertThrows(AshlarException.class, request).code());
  }
}
