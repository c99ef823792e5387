package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.BlockWrite;
import dev.ashlar.chunkserver.store.DiskOptions;
import dev.ashlar.chunkserver.store.DiskStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.RecordCodec;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What happens between a report and its verdict. The master says of every block that nobody needs
 * it.
 */
class BlockReporterTest {
  private static final BlockKey FIRST = new BlockKey(1, 1, 0);
  private static final BlockKey SECOND = new BlockKey(2, 1, 0);

  @TempDir private Path dir;
  private BlockStore store;
  private TaskRunner tasks;
  private final List<MasterRequest.BlockReport> reports = new ArrayList<>();
  private final Outbox outbox = new Outbox(() -> {});

  @BeforeEach
  void open() throws Exception {
    store = DiskStore.open(dir, DiskOptions.DEFAULTS);
    tasks = new TaskRunner("test", 1, new NoWork(), outbox, RealWorld.INSTANCE);
    write(FIRST, 5);
    write(SECOND, 5);
    store.seal(SECOND, 1, 5, 0, 0, 100).get(30, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() {
    tasks.stop();
    store.close();
  }

  private void write(BlockKey block, long epoch) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocateDirect(100);
    store
        .write(new BlockWrite(block, 1, epoch, 0, 0, 0, Checksums.slices(bytes)), bytes)
        .get(30, TimeUnit.SECONDS);
  }

  private interface Meanwhile {
    void happens() throws Exception;
  }

  private void report(Meanwhile meanwhile) throws AshlarException {
    report(meanwhile, 10);
  }

  private void report(Meanwhile meanwhile, int most) throws AshlarException {
    new BlockReporter(
            "test",
            request -> {
              if (request instanceof MasterRequest.BlockReport r) {
                reports.add(r);
                try {
                  meanwhile.happens();
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
                return new MasterReply.Verdict(r.blocks().stream().map(BlockEntry::block).toList());
              }
              return new MasterReply.ReportWanted(new long[] {1}, 7);
            },
            tasks,
            RealWorld.INSTANCE,
            most)
        .report(store);
  }

  private List<Long> left() throws AshlarException {
    return store.list(null, 10).blocks().stream().map(b -> b.block().chunk()).toList();
  }

  @Test
  void many_blocks_are_reported_in_parts() throws Exception {
    write(new BlockKey(2, 1, 4), 5);
    write(new BlockKey(9, 1, 0), 5);
    report(() -> {}, 2);
    assertEquals(List.of(0L, 9L), reports.stream().map(r -> r.from()).toList());
    assertEquals(List.of(9L, 0L), reports.stream().map(r -> r.to()).toList());
    assertEquals(
        List.of(List.of(1L, 2L, 2L), List.of(9L)), // a chunk is not cut
        reports.stream()
            .map(r -> r.blocks().stream().map(b -> b.block().chunk()).toList())
            .toList());
    assertEquals(List.of(), left(), "the verdict on each part counts");
  }

  @Test
  void a_group_without_blocks_is_one_report() throws Exception {
    report(() -> {});
    reports.clear();
    report(() -> {});
    assertEquals(1, reports.size());
    assertEquals(0, reports.getFirst().to());
  }

  @Test
  void the_largest_report_fits_in_a_message() {
    BlockEntry largest =
        new BlockEntry(
            new BlockKey(Long.MAX_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE),
            Long.MAX_VALUE,
            Long.MAX_VALUE,
            Integer.MIN_VALUE,
            Long.MAX_VALUE,
            true);
    MasterRequest message =
        new MasterRequest.BlockReport(
            "s",
            1,
            1,
            Collections.nCopies(ChunkServerConfig.REPORT_BLOCKS + 64, largest),
            1,
            0,
            Long.MAX_VALUE);
    int bytes = RecordCodec.encodeMessage(message).length;
    assertTrue(bytes < 2 << 20, bytes + " bytes");
  }

  @Test
  void garbage_goes() throws Exception {
    report(() -> {});
    assertEquals(List.of(), left());
  }

  @Test
  void what_a_new_lease_wrote_since_stays() throws Exception {
    report(() -> write(FIRST, 6));
    assertEquals(List.of(1L), left());
  }

  @Test
  void what_a_rebuild_was_ordered_for_since_stays() throws Exception {
    BlockToken token = new BlockToken(2, 1, 1, 0, 1, 0, 1, new byte[32]);
    report(() ->
        tasks.accept(
            new Task.Rebuild(
                9, SECOND, 1, store.diskId(), "mirror-2", 100, List.of(), new int[0], token)));
    assertEquals(List.of(2L), left());
  }

  private static final class NoWork implements TaskRunner.Work {
    @Override
    public long rebuild(Task.Rebuild task) {
      return 0;
    }

    @Override
    public long delete(Task.Delete task) {
      return 0;
    }

    @Override
    public long verify(Task.Verify task) {
      return 0;
    }
  }
}
