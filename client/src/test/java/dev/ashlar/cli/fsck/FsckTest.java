package dev.ashlar.cli.fsck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.cli.Progress;
import dev.ashlar.cli.TestTerminal;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.BlockFate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FsckTest {
  private final FakeFsckCluster cluster = new FakeFsckCluster();
  private final List<Problem> told = new ArrayList<>();

  @BeforeEach
  void files() {
    for (long inode = 1; inode <= 5; inode++) {
      cluster.file(inode);
    }
  }

  private FsckReport run(boolean verify) throws IOException {
    return run("/", null, verify);
  }

  private FsckReport run(String path, @Nullable LongPredicate selected, boolean verify)
      throws IOException {
    try (Progress progress = Progress.start("fsck", TestTerminal.create().terminal())) {
      return new Fsck(cluster, progress, told::add).run(path, selected, verify);
    }
  }

  @Test
  void aWholeClusterIsClean() throws IOException {
    FsckReport r = run(false);
    assertTrue(r.clean(), told::toString);
    assertEquals(5, r.files());
    assertEquals(5, r.chunks());
    assertEquals(15, r.blocks());
    assertEquals(5L * FakeFsckCluster.LENGTH, r.bytes());
  }

  /** The masters send the chunks of a large file in parts. */
  @Test
  void aLargeFileIsCheckedToItsEnd() throws IOException {
    cluster.file(6, 5);
    cluster.file(7);
    FsckReport whole = run(false);
    assertTrue(whole.clean(), told::toString);
    assertEquals(7, whole.files());
    assertEquals(11, whole.chunks());
    assertEquals(11L * FakeFsckCluster.LENGTH, whole.bytes());
    cluster.disk(1).remove(new BlockKey(406, 1, 1));
    cluster.disk(2).remove(new BlockKey(306, 1, 2));
    cluster.beforeSecondLook(() -> cluster.block(306, 2, 30602, true));
    FsckReport r = run(false);
    assertEquals(Map.of(Problem.Kind.MISSING, 1L), r.counts());
    assertEquals(4, told.getFirst().index());
    assertTrue(run("/f7", i -> i == 7, false).clean());
  }

  @Test
  void aMissingBlockIsFound() throws IOException {
    cluster.disk(1).remove(new BlockKey(3, 1, 1));
    FsckReport r = run(false);
    assertEquals(Map.of(Problem.Kind.MISSING, 1L), r.counts());
    assertEquals("/f3", told.getFirst().path());
    assertEquals(1, told.getFirst().block());
    assertEquals("server-1", told.getFirst().server());
  }

  @Test
  void oneLossTooManyIsALostChunk() throws IOException {
    cluster.disk(0).remove(new BlockKey(3, 1, 0));
    cluster.disk(1).remove(new BlockKey(3, 1, 1));
    FsckReport r = run(false);
    assertEquals(Map.of(Problem.Kind.LOST, 1L, Problem.Kind.MISSING, 2L), r.counts());
    assertEquals(Problem.Kind.LOST, told.getFirst().kind());
  }

  @Test
  void anotherRootIsWrong() throws IOException {
    cluster.block(2, 2, 12345, true);
    assertEquals(Map.of(Problem.Kind.WRONG, 1L), run(false).counts());
  }

  @Test
  void anUnsealedBlockDoesNotCount() throws IOException {
    cluster.block(2, 2, 202, false);
    assertEquals(Map.of(Problem.Kind.WRONG, 1L), run(false).counts());
  }

  @Test
  void aBlockThatIsNowhereIsDegraded() throws IOException {
    place(4, 0, BlockPlace.NOWHERE);
    cluster.disk(0).remove(new BlockKey(4, 1, 0));
    assertEquals(Map.of(Problem.Kind.DEGRADED, 1L), run(false).counts());
  }

  @Test
  void aDiskThatIsNotListedDegradesItsChunks() throws IOException {
    cluster.disks.remove(12L);
    assertEquals(Map.of(Problem.Kind.DEGRADED, 5L), run(false).counts());
  }

  /** More disks than are listed at a time: each is asked, whoever is silent before it. */
  @Test
  void silentServersDoNotKeepTheOthersFromBeingListed() throws IOException {
    for (int i = 0; i < 30; i++) {
      cluster.silent.add(100L + i);
      cluster.disks.put(100L + i, new TreeMap<>());
    }
    FsckReport r = run(false);
    assertEquals(Map.of(Problem.Kind.UNREACHABLE, 30L), r.counts());
    assertEquals(15, r.blocks());
    assertEquals(
        Set.copyOf(cluster.silent),
        told.stream().map(p -> Long.parseLong(p.disk(), 16)).collect(Collectors.toSet()));
  }

  @Test
  void blocksOnSilentServersAreNotLost() throws IOException {
    cluster.silent.addAll(List.of(10L, 11L));
    FsckReport r = run(false);
    assertEquals(
        Map.of(Problem.Kind.UNREACHABLE, 2L, Problem.Kind.AWAY, 5L, Problem.Kind.DEGRADED, 10L),
        r.counts());
    assertFalse(r.clean());
  }

  /** What is known to be gone counts alone: one is tolerated, the other may come back. */
  @Test
  void aBlockGoneAndOneAwayIsNotLost() throws IOException {
    cluster.silent.add(10L);
    cluster.disk(1).remove(new BlockKey(3, 1, 1));
    Map<Problem.Kind, Long> counts = run(false).counts();
    assertEquals(1, counts.get(Problem.Kind.AWAY));
    assertFalse(counts.containsKey(Problem.Kind.LOST));
  }

  /** Two blocks seem to be missing, but one of them has come since the disks were listed. */
  @Test
  void onlyWhatIsStillBadCounts() throws IOException {
    cluster.disk(0).remove(new BlockKey(3, 1, 0));
    cluster.disk(1).remove(new BlockKey(3, 1, 1));
    cluster.beforeSecondLook(() -> cluster.block(3, 0, 300, true));
    FsckReport r = run(false);
    assertEquals(Map.of(Problem.Kind.MISSING, 1L), r.counts());
    assertEquals(1, told.getFirst().block());
  }

  @Test
  void aNewVersionIsLookedAtToo() throws IOException {
    cluster.disk(0).remove(new BlockKey(3, 1, 0));
    cluster.beforeSecondLook(() -> rewrite(3));
    assertTrue(run(false).clean(), told::toString);
    cluster.disk(0).remove(new BlockKey(4, 1, 0));
    cluster.beforeSecondLook(() -> {
      rewrite(4);
      cluster.disk(2).remove(new BlockKey(4, 2, 2));
    });
    FsckReport r = run(false);
    assertEquals(Map.of(Problem.Kind.MISSING, 1L), r.counts());
    assertEquals("/f4", told.getFirst().path());
    assertEquals(2, told.getFirst().block());
  }

  /** Moves a file to version 2. */
  private void rewrite(long inode) {
    ChunkPlace c = Objects.requireNonNull(cluster.files.get(inode)).chunks().getFirst();
    replace(inode, 2, c.blocks());
    for (int i = 0; i < 3; i++) {
      cluster.block(new BlockKey(inode, 2, i), c.roots()[i], true);
      cluster.disk(i).remove(new BlockKey(inode, 1, i));
    }
  }

  private void place(long inode, int index, BlockPlace place) {
    ChunkPlace c = Objects.requireNonNull(cluster.files.get(inode)).chunks().getFirst();
    List<BlockPlace> blocks = new ArrayList<>(c.blocks());
    blocks.set(index, place);
    replace(inode, c.version(), blocks);
  }

  private void replace(long inode, long version, List<BlockPlace> blocks) {
    MasterReply.FileChunks f = Objects.requireNonNull(cluster.files.get(inode));
    ChunkPlace c = f.chunks().getFirst();
    ChunkPlace changed =
        new ChunkPlace(
            c.index(),
            c.chunk(),
            version,
            c.base(),
            c.storedLength(),
            c.validLength(),
            c.group(),
            c.groupEpoch(),
            blocks,
            c.roots(),
            c.token());
    cluster.files.put(inode, new MasterReply.FileChunks(f.attr(), f.path(), List.of(changed), 0));
  }

  /** Under a path, a pack is checked for the files that have bytes in it, and only for these. */
  @Test
  void thePackOfASelectedFileIsChecked() throws IOException {
    MasterReply.FileChunks pack = Objects.requireNonNull(cluster.files.get(2L));
    cluster.files.put(
        2L, new MasterReply.FileChunks(typed(pack.attr(), FileType.PACK), "", pack.chunks(), 0));
    for (long inode : new long[] {1, 5}) {
      MasterReply.FileChunks f = Objects.requireNonNull(cluster.files.get(inode));
      cluster.files.put(
          inode, new MasterReply.FileChunks(f.attr(), f.path(), List.of(), inode == 1 ? 2 : 0));
      cluster.disk(0).remove(new BlockKey(inode, 1, 0));
    }
    cluster.disk(1).remove(new BlockKey(2, 1, 1));
    FsckReport of1 = run("/f1", i -> i == 1, false);
    assertEquals(Map.of(Problem.Kind.MISSING, 1L), of1.counts());
    assertEquals(1, of1.files());
    assertEquals(FakeFsckCluster.LENGTH, of1.bytes());
    FsckReport of5 = run("/f5", i -> i == 5, false);
    assertTrue(of5.clean());
  }

  private static Attr typed(Attr a, FileType type) {
    return new Attr(a.inode(), type, 0, 0, 0, 0, a.size(), 1, 0, 0, 0, a.policy());
  }

  @Test
  void onlyGarbageIsUnexpected() throws IOException {
    cluster.fates.put(cluster.block(97, 0, 1, true), BlockFate.STAGED);
    cluster.fates.put(cluster.block(98, 1, 1, true), BlockFate.DELETING);
    cluster.fates.put(cluster.block(99, 2, 1, true), BlockFate.NEEDED);
    FsckReport r = run(false);
    assertTrue(r.clean(), told::toString);
    assertEquals(1, r.staged());
    assertEquals(1, r.pendingDeletion());
    cluster.block(100, 0, 1, true);
    assertEquals(Map.of(Problem.Kind.UNEXPECTED, 1L), run(false).counts());
  }

  @Test
  void whatIsCommittedAfterTheListingIsNotMissing() throws IOException {
    cluster.afterListing(() -> cluster.file(6));
    FsckReport r = run(false);
    assertTrue(r.clean(), told::toString);
    assertEquals(6, r.files());
  }

  @Test
  void whatIsDeletedAfterTheListingIsNotUnexpected() throws IOException {
    cluster.afterListing(() -> {
      cluster.files.remove(5L);
      for (int i = 0; i < 3; i++) {
        cluster.disk(i).remove(new BlockKey(5, 1, i));
      }
    });
    assertTrue(run(false).clean(), told::toString);
  }

  @Test
  void onlySelectedFilesAreChecked() throws IOException {
    cluster.disk(1).remove(new BlockKey(3, 1, 1));
    try (Progress progress = Progress.start("fsck", TestTerminal.create().terminal())) {
      assertTrue(
          new Fsck(cluster, progress, told::add).run("/f2", inode -> inode == 2, false).clean());
      assertFalse(
          new Fsck(cluster, progress, told::add).run("/f3", inode -> inode == 3, false).clean());
    }
  }

  @Test
  void verifyTellsWhatIsWrongWithTheBytes() throws IOException {
    assertEquals(5, run(true).verifiedChunks());
    cluster.wrong.add("parity block 2 does not follow");
    FsckReport r = run(true);
    assertEquals(Map.of(Problem.Kind.UNVERIFIED, 5L), r.counts());
  }
}
