package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.LogCommand.DiskBlock;
import dev.ashlar.master.state.Queries.Judgement;
import dev.ashlar.master.store.MemoryStore;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import dev.ashlar.protocol.message.MasterRequest.ScanFiles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Layouts, digests and block reports. */
final class ReportTest {
  private final World w = new World(new MemoryStore(), "rs-3-2").withGroup();
  private final long chunkBytes = w.policy.chunkBytes();
  private final TestView view = new TestView();

  private static BlockEntry entry(BlockKey block, boolean sealed) {
    return new BlockEntry(
        block, 1, 1, World.root(block.chunk(), block.version(), block.index()), 1, sealed);
  }

  private Judgement judge(long disk, BlockEntry... entries) {
    return w.query(q -> q.judge(disk, 1, List.of(entries), 0, 0));
  }

  @Test
  void digestsAddUpWhatADiskShouldHold() {
    long f = w.file(Attr.ROOT, "f", 3, 1);
    long sum = 0;
    for (int i = 0; i < 3; i++) {
      long chunk = w.chunk(f, i).chunk();
      sum += Checksums.digest(new BlockKey(chunk, 1, 2), World.root(chunk, 1, 2));
    }
    long expected = sum;
    assertEquals(new GroupDigest(1, 3, expected), w.query(q -> q.digest(102, 1)));
    w.apply(
        new LogCommand.BlocksMissing(
            List.of(new DiskBlock(1, new BlockKey(w.chunk(f, 0).chunk(), 1, 2), 102))));
    assertEquals(2, w.query(q -> q.digest(102, 1)).blocks());
    assertEquals(new GroupDigest(1, 0, 0), w.query(q -> q.digest(999, 1)));
    assertEquals(new GroupDigest(7, 0, 0), w.query(q -> q.digest(102, 7)));
  }

  @Test
  void reportsAreJudged() {
    long f = w.file(Attr.ROOT, "f", 2, 1);
    long a = w.chunk(f, 0).chunk();
    long b = w.chunk(f, 1).chunk();
    MasterReply.Opened o = World.opened(w.ask(new Command.AcquireLease(f)));
    ChunkPlace staged = w.allocate(o, 1, 1, false, 1).get(0);
    w.apply(new LogCommand.BlocksMissing(List.of(new DiskBlock(1, new BlockKey(a, 1, 2), 102))));
    BlockKey good = new BlockKey(a, 1, 2);
    BlockKey wrongIndex = new BlockKey(a, 1, 3);
    BlockKey written = new BlockKey(staged.chunk(), staged.version(), 2);
    BlockKey neverHandedOut = new BlockKey(a, 9, 2);
    BlockKey unknown = new BlockKey(1_000_000, 1, 2);
    Judgement j =
        judge(
            102,
            entry(good, true),
            entry(wrongIndex, true),
            entry(written, false),
            entry(neverHandedOut, true),
            entry(unknown, true),
            new BlockEntry(new BlockKey(b, 1, 2), 1, 1, 12345, 1, true));
    assertEquals(List.of(good), j.found(), "counted as missing, but here it is");
    assertEquals(List.of(wrongIndex), j.delete());
    assertEquals(List.of(new BlockKey(b, 1, 2)), j.wrong());
    assertTrue(j.absent().isEmpty());
    assertEquals(List.of(new BlockKey(b, 1, 2)), judge(102, entry(good, true)).absent());
    assertEquals(
        List.of(new BlockKey(b, 1, 2)),
        judge(102, entry(new BlockKey(b, 1, 2), false)).absent(),
        "not sealed is not there");
    assertEquals(
        List.of(good), judge(999, entry(good, true)).delete(), "a disk that is not in the group");
    assertEquals(OptionalLong.of(1), w.query(q -> q.groupOf(w.topology(), 102, a)));
    assertEquals(OptionalLong.empty(), w.query(q -> q.groupOf(w.topology(), 999, a)));
  }

  @Test
  void partsOfAReportAreJudgedByTheirRange() {
    long f = w.file(Attr.ROOT, "f", 3, 1);
    long a = w.chunk(f, 0).chunk();
    long b = w.chunk(f, 1).chunk();
    long c = w.chunk(f, 2).chunk();
    BlockKey here = new BlockKey(b, 1, 2);
    assertEquals(
        List.of(new BlockKey(a, 1, 2)), w.query(q -> q.judge(102, 1, List.of(), 0, b)).absent());
    assertEquals(
        List.of(), w.query(q -> q.judge(102, 1, List.of(entry(here, true)), b, c)).absent());
    assertEquals(
        List.of(new BlockKey(c, 1, 2)), w.query(q -> q.judge(102, 1, List.of(), c, 0)).absent());
  }

  @Test
  void oldVersionsWaitForTheirDeletionThenAreGarbage() {
    long f = w.file(Attr.ROOT, "f", 1, 1);
    BlockKey old = new BlockKey(w.chunk(f, 0).chunk(), 1, 2);
    MasterReply.Opened o = World.opened(w.ask(new Command.AcquireLease(f)));
    ChunkPlace p = w.allocate(o, 0, 1, false, 1).get(0);
    assertFalse(judge(102, entry(old, true)).delete().contains(old), "committed");
    World.attr(w.commit(o, chunkBytes, true, w.sealed(p, chunkBytes, 0)));
    assertTrue(judge(102, entry(old, true)).delete().isEmpty(), "readers may have it pinned");
    w.apply(new LogCommand.DeletionsDone(List.of(new DeletionKey(1, old.chunk(), 1))));
    assertEquals(List.of(old), judge(102, entry(old, true)).delete());
    World.done(w.ask(new Command.Unlink(Attr.ROOT, "f")));
    BlockKey last = new BlockKey(p.chunk(), p.version(), 2);
    w.apply(new LogCommand.DeletionsDone(List.of(new DeletionKey(1, p.chunk(), p.version()))));
    assertEquals(List.of(last), judge(102, entry(last, true)).delete());
  }

  @Test
  void layoutsNameReadablePlaces() {
    long f = w.file(Attr.ROOT, "f", 3, 1);
    MasterReply.Layout layout = w.query(q -> q.layout(f, 1, 1, view, World.TOKENS));
    assertEquals(1, layout.chunks().size());
    ChunkPlace p = layout.chunks().get(0);
    assertEquals(1, p.index());
    assertEquals("host-of-103:1", p.blocks().get(3).server());
    assertEquals(BlockToken.READ, p.token().rights());
    assertEquals(World.root(p.chunk(), 1, 4), p.roots()[4]);
    view.set(Health.SUSPECT, 103);
    assertEquals(new BlockPlace("", 103, false), blockThree(f), "there, but not to be asked");
    view.set(Health.SUSPECT, 101, 102, 103);
    assertTrue(blockThree(f).reachable(), "silent ones are the last hope");
    view.set(Health.LOST, 101, 102, 103);
    assertEquals(BlockPlace.NOWHERE, blockThree(f), "lost is not away");
    assertEquals(0, w.query(q -> q.layout(f, 3, 1000, view, World.TOKENS)).chunks().size());
  }

  private BlockPlace blockThree(long file) {
    return w.query(q -> q.layout(file, 1, 1, view, World.TOKENS)).chunks().get(0).blocks().get(3);
  }

  @Test
  void repliesForWritersAreCompleted() {
    MasterReply.Opened o = w.create(Attr.ROOT, "f");
    view.set(Health.FULL, 100);
    MasterReply.Allocated a = new MasterReply.Allocated(w.allocate(o, 0, 1, false, 1));
    ChunkPlace p =
        ((MasterReply.Allocated) Queries.complete(a, view, World.TOKENS)).chunks().get(0);
    assertFalse(p.blocks().get(0).exists());
    assertEquals("host-of-101:1", p.blocks().get(1).server());
    assertEquals(1, p.token().expiresMs());
    assertEquals(
        new MasterReply.Done(), Queries.complete(new MasterReply.Done(), view, World.TOKENS));
  }

  @Test
  void filesAreScannedInPages() {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      w.mkdir(Attr.ROOT, "d" + i);
      w.file(Attr.ROOT, "f" + i, 2, 1);
      expected.add("/f" + i);
    }
    World.opened(w.ask(new Command.Stage(Attr.ROOT, 0600, 0, 0, "", 0, new long[0])));
    expected.add("(staged)");
    List<String> paths = new ArrayList<>();
    for (ScanFiles ask = ScanFiles.all(2); ask != null; ) {
      MasterReply.Files page = scan(ask);
      page.files().forEach(f -> paths.add(f.path()));
      ask = page.next(2);
    }
    assertEquals(expected, paths);
  }

  private MasterReply.Files scan(ScanFiles asked) {
    return w.query(q -> q.scanFiles(asked, view, World.TOKENS));
  }

  /** Its chunks in one answer would exceed what an answer may hold. */
  @Test
  void aLargeFileIsScannedInParts() {
    long before = w.file(Attr.ROOT, "before", 2, 1);
    MasterReply.Opened o = w.create(Attr.ROOT, "large");
    int large = 5_000;
    for (int i = 0; i < large; i += 250) {
      CommittedChunk[] sealed =
          w.allocate(o, i, 250, true, 1).stream()
              .map(p -> w.sealed(p, chunkBytes, 0))
              .toArray(CommittedChunk[]::new);
      World.attr(w.commit(o, (i + 250) * chunkBytes, false, sealed));
    }
    long behind = w.file(Attr.ROOT, "behind", 2, 1);
    Map<Long, List<Integer>> found = new HashMap<>();
    for (ScanFiles ask = ScanFiles.all(100); ask != null; ) {
      MasterReply.Files page = scan(ask);
      int blocks = 0;
      for (MasterReply.FileChunks f : page.files()) {
        for (ChunkPlace c : f.chunks()) {
          found.computeIfAbsent(f.attr().inode(), _ -> new ArrayList<>()).add(c.index());
          blocks += c.blocks().size();
        }
      }
      assertTrue(blocks <= Queries.SCAN_BLOCKS, blocks + " blocks in one answer");
      ask = page.next(100);
    }
    assertEquals(
        Map.of(
            before,
            List.of(0, 1),
            o.attr().inode(),
            IntStream.range(0, large).boxed().toList(),
            behind,
            List.of(0, 1)),
        found);
  }

  @Test
  void oneChunkCanBeScanned() {
    long f = w.file(Attr.ROOT, "f", 4, 1);
    MasterReply.Files page = scan(new ScanFiles(f - 1, 1, 2, 1));
    assertEquals(1, page.files().size());
    assertEquals(
        List.of(2), page.files().getFirst().chunks().stream().map(ChunkPlace::index).toList());
    assertEquals(3, page.nextChunk());
    w.file(Attr.ROOT, "g", 4, 1);
    MasterReply.Files gone = scan(new ScanFiles(f, 1, 2, 0));
    assertEquals(2, gone.files().getFirst().chunks().size());
    MasterReply.Files other = scan(new ScanFiles(f - 2, 1, 2, 0));
    assertEquals(4, other.files().getFirst().chunks().size());
  }
}
