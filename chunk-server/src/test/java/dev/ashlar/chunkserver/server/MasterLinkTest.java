package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.Damage;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MasterLinkTest {
  private static final int SLICE = BlockLayout.SLICE_BYTES;
  private static final long GROUP = 4;

  @TempDir private Path dir;
  private ServerFixture f;

  @BeforeEach
  void start() throws IOException {
    f = new ServerFixture(dir);
  }

  @AfterEach
  void stop() {
    f.close();
  }

  private void put(ChunkServer server, int disk, BlockKey block) throws AshlarException {
    BlockToken token = f.master.token(block.chunk(), block.version(), 7, GROUP);
    f.client.put(
        server, server.disks().get(disk).disk(), block, token, f.bytes(3 * SLICE + 5), SLICE);
  }

  @Test
  void heartbeats_tell_who_it_is_and_what_it_has() throws Exception {
    ChunkServer server = f.start(f.config("s1", 2).withDomain("rack-1"));
    put(server, 0, new BlockKey(1, 1, 0));
    long disk = ServerFixture.disk(server);
    DiskReport report = f.master.disk("s1", disk, d -> d.blocks() == 1);
    assertEquals(DiskState.UP, report.state());
    assertTrue(report.freeBytes() > 0);
    MasterRequest.Heartbeat h = f.master.heartbeat("s1");
    assertEquals("rack-1", h.domain());
    assertEquals(server.advertised(), h.address());
    assertEquals(2, h.disks().size());
    assertTrue(h.freeSlots() >= 2);
  }

  @Test
  void follows_the_leader() throws Exception {
    try (FakeMaster second = new FakeMaster()) {
      ChunkServer server = f.start("s1");
      f.master.leader(second.address());
      second.heartbeat("s1");
      put(server, 0, new BlockKey(1, 1, 0));
    }
  }

  @Test
  void asks_more_often_until_a_first_leader_answers() throws Exception {
    f.master.leader("127.0.0.1:1");
    ChunkServerConfig.Timing seldom =
        ChunkServerConfig.Timing.DEFAULT.withHeartbeat(Duration.ofHours(1));
    try (ChunkServer server = ChunkServer.start(f.config("s1", 1).withTiming(seldom))) {
      f.master.awaitRefusal();
      f.master.leader("");
      assertEquals(server.advertised(), f.master.heartbeat("s1").address());
    }
  }

  @Test
  void goes_on_serving_without_any_master() throws Exception {
    ChunkServer server = f.start("s1");
    long disk = ServerFixture.disk(server);
    f.master.close();
    put(server, 0, new BlockKey(1, 1, 0));
    BlockToken token = f.master.token(1, 1, 7, GROUP);
    assertEquals(
        3 * SLICE + 5,
        f.client.read(server, disk, new BlockKey(1, 1, 0), token, 0, 4 * SLICE).length);
  }

  @Test
  void tells_at_once_that_a_disk_is_gone_and_serves_the_others() throws Exception {
    ChunkServer server = f.start(f.config("s1", 2));
    long lost = server.disks().get(0).disk();
    put(server, 0, new BlockKey(1, 1, 0));
    put(server, 1, new BlockKey(2, 1, 0));
    delete(f.disk("s1", 0));
    DiskReport report = f.master.disk("s1", lost, d -> d.state() == DiskState.FAILED);
    assertFalse(report.error().isEmpty());
    AshlarException e =
        assertThrows(AshlarException.class, () -> put(server, 0, new BlockKey(3, 1, 0)));
    assertEquals(ErrorCode.DISK_FAILED, e.code());
    put(server, 1, new BlockKey(4, 1, 0));
    assertFalse(
        Files.exists(f.disk("s1", 0)),
        "a directory must not come back by itself while the server runs");
    f.stop(server);
    ChunkServer again = f.start(f.config("s1", 2));
    assertTrue(again.disks().stream().noneMatch(d -> d.disk() == lost));
    put(again, 0, new BlockKey(5, 1, 0));
  }

  @Test
  void fresh_disks_join_the_cluster_and_disks_of_another_are_not_served() throws Exception {
    ChunkServer server = f.start(f.config("s1", 1));
    long disk = ServerFixture.disk(server);
    put(server, 0, new BlockKey(1, 1, 0));
    f.stop(server);
    f.master.cluster(0x9999);
    f.master.forget();
    ChunkServer other = f.start(f.config("s1", 2));
    f.master.heartbeat("s1", h -> h.disks().stream().noneMatch(d -> d.disk() == disk));
    assertEquals(DiskState.FAILED, other.disks().getFirst().state());
    assertThrows(AshlarException.class, () -> put(other, 0, new BlockKey(2, 1, 0)));
    put(other, 1, new BlockKey(2, 1, 0));
  }

  @Test
  void heartbeats_are_counted_and_list_a_task_until_its_result_was_told() throws Exception {
    ChunkServer server = f.start("s1");
    MasterRequest.Heartbeat before = f.master.heartbeat("s1");
    assertTrue(before.beat() > 0);
    assertEquals(0, before.tasks().length);
    long task = f.master.taskId();
    f.master.order("s1", new Task.Verify(task, ServerFixture.disk(server), List.of()));
    f.master.result(task);
    f.master.heartbeat("s1", h -> h.beat() > before.beat() && h.tasks().length == 0);
    assertEquals(List.of(), f.master.unlisted());
  }

  @Test
  void deletes_what_it_is_told_to() throws Exception {
    ChunkServer server = f.start("s1");
    long disk = ServerFixture.disk(server);
    put(server, 0, new BlockKey(1, 1, 0));
    put(server, 0, new BlockKey(2, 1, 0));
    long task = f.master.taskId();
    f.master.order(
        "s1", new Task.Delete(task, disk, List.of(new BlockKey(1, 1, 0), new BlockKey(77, 1, 0))));
    assertEquals("", f.master.result(task).outcome());
    gone(server, disk, new BlockKey(1, 1, 0));
    f.client.call(
        server, new ChunkRequest.StatBlock(new BlockKey(2, 1, 0), disk, f.master.readAll()), null);
  }

  @Test
  void reports_blocks_and_drops_what_the_verdict_names() throws Exception {
    ChunkServer server = f.start("s1");
    long disk = ServerFixture.disk(server);
    put(server, 0, new BlockKey(1, 1, 0));
    put(server, 0, new BlockKey(2, 1, 0));
    f.master.garbage(b -> b.chunk() == 2);
    f.master.want(disk);
    assertEquals(2, f.master.report(disk, GROUP).blocks().size());
    f.master.disk("s1", disk, d -> d.blocks() == 1);
    gone(server, disk, new BlockKey(2, 1, 0));
  }

  @Test
  void verify_reports_blocks_that_are_damaged_or_missing() throws Exception {
    ChunkServer server = f.start("s1");
    long disk = ServerFixture.disk(server);
    put(server, 0, new BlockKey(1, 1, 0));
    put(server, 0, new BlockKey(2, 1, 0));
    damage(f.disk("s1", 0), server, disk, new BlockKey(1, 1, 0));
    long task = f.master.taskId();
    f.master.order(
        "s1",
        new Task.Verify(
            task,
            disk,
            List.of(new BlockKey(1, 1, 0), new BlockKey(2, 1, 0), new BlockKey(3, 1, 0))));
    assertTrue(f.master.result(task).outcome().startsWith("CORRUPT: 2 of 3 blocks"));
    assertEquals(disk, f.master.bad(new BlockKey(1, 1, 0)).disk());
    f.master.bad(new BlockKey(3, 1, 0));
    assertEquals(
        List.of(1L, 3L),
        f.master.allBad().stream()
            .map(BadBlock::block)
            .map(BlockKey::chunk)
            .distinct()
            .sorted()
            .toList());
    long good = f.master.taskId();
    f.master.order("s1", new Task.Verify(good, disk, List.of(new BlockKey(2, 1, 0))));
    assertEquals("", f.master.result(good).outcome());
  }

  @Test
  void damage_met_in_one_block_has_the_whole_disk_searched() throws Exception {
    ChunkServer server = f.start("s1");
    long disk = ServerFixture.disk(server);
    for (int chunk = 1; chunk <= 6; chunk++) {
      put(server, 0, new BlockKey(chunk, 1, 0));
    }
    damage(f.disk("s1", 0), server, disk, new BlockKey(3, 1, 0));
    damage(f.disk("s1", 0), server, disk, new BlockKey(6, 1, 0));
    f.master.order("s1", new Task.Verify(f.master.taskId(), disk, List.of(new BlockKey(3, 1, 0))));
    assertEquals(disk, f.master.bad(new BlockKey(6, 1, 0)).disk());
  }

  @Test
  void a_block_whose_bytes_cannot_be_read_is_reported_by_the_read_that_failed() throws Exception {
    ChunkServer server = f.start("s1");
    long disk = ServerFixture.disk(server);
    put(server, 0, new BlockKey(1, 1, 0));
    try (Stream<Path> files = Files.list(f.disk("s1", 0).resolve("log"))) {
      for (Path file : files.toList()) {
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.WRITE)) {
          c.truncate(Math.min(c.size(), 2_000));
        }
      }
    }
    BlockToken token = f.master.token(1, 1, 7, GROUP);
    assertThrows(
        AshlarException.class,
        () -> f.client.read(server, disk, new BlockKey(1, 1, 0), token, 0, SLICE));
    assertEquals(disk, f.master.bad(new BlockKey(1, 1, 0)).disk());
  }

  @Test
  void scrub_finds_damage_by_itself_round_after_round() throws Exception {
    ChunkServerConfig c = f.config("s1", 1);
    ChunkServer server = f.start(c.withTiming(c.timing().withScrubPeriod(Duration.ofMillis(400))));
    long disk = ServerFixture.disk(server);
    put(server, 0, new BlockKey(1, 1, 0));
    put(server, 0, new BlockKey(2, 1, 0));
    damage(f.disk("s1", 0), server, disk, new BlockKey(2, 1, 0));
    f.master.bad(new BlockKey(2, 1, 0));
    f.master.forget();
    f.master.bad(new BlockKey(2, 1, 0));
    assertTrue(f.master.allBad().stream().noneMatch(b -> b.block().chunk() == 1));
  }

  private void gone(ChunkServer server, long disk, BlockKey block) {
    AshlarException e =
        assertThrows(
            AshlarException.class,
            () ->
                f.client.call(
                    server, new ChunkRequest.StatBlock(block, disk, f.master.readAll()), null));
    assertEquals(ErrorCode.VERSION_GONE, e.code());
  }

  /** Finds the block's bytes in the files of the disk and flips a bit of them. */
  private void damage(Path directory, ChunkServer server, long disk, BlockKey block)
      throws IOException {
    Damage.flipBit(
        directory, f.client.read(server, disk, block, f.master.readAll(), 0, SLICE), 100);
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(p);
      }
    }
  }
}
