package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.Orders;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.GroupDigest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The leader's duties on one real master, with chunk servers that are only heartbeats. */
final class LeaderTest {
  private static final int[] ROOTS = {11, 11};

  @TempDir Path dir;
  private TestCluster c;
  private final List<FakeServer> servers =
      List.of(new FakeServer("s1", 101), new FakeServer("s2", 102), new FakeServer("s3", 103));

  @BeforeEach
  void start() throws Exception {
    Timing timing = Timing.DEFAULT.withLeaseTimeout(Duration.ofSeconds(2));
    c = new TestCluster(dir, 1, m -> m.withPolicy("mirror-2").withTiming(timing));
    await("all disks to be registered", () -> status().disks().size() == 3);
  }

  @AfterEach
  void stop() {
    c.close();
    assertEquals(List.of(), c.fatal);
  }

  private interface Condition {
    boolean holds() throws AshlarException;
  }

  /** Waits while all servers heartbeat. */
  private void await(String what, Condition condition) {
    TestCluster.await(
        what,
        () -> {
          try {
            for (FakeServer s : servers) {
              s.beat(c);
            }
            return condition.holds();
          } catch (AshlarException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private ClusterStatus status() throws AshlarException {
    return ((MasterReply.StatusReply) c.call(new MasterRequest.GetStatus())).status();
  }

  private FakeServer holder(long disk) {
    return servers.stream().filter(s -> s.disk == disk).findFirst().orElseThrow();
  }

  private static MasterReply.Opened staged(TestCluster.Client client) throws AshlarException {
    return (MasterReply.Opened) client.submit(new Command.Stage(1, 0644, 0, 0, "", 1, new long[0]));
  }

  private static long commit(TestCluster.Client client, MasterReply.Opened o, String name)
      throws AshlarException {
    ChunkPlace p = o.chunks().getFirst();
    CommittedChunk chunk =
        new CommittedChunk(
            p.index(), p.chunk(), p.version(), 100, p.group(), p.groupEpoch(), 3, 0, ROOTS);
    Command commit =
        new Command.Commit(
            o.attr().inode(),
            o.epoch(),
            List.of(chunk),
            100,
            1,
            new Command.Link(1, name, false),
            true);
    return ((MasterReply.AttrReply) client.submit(commit)).attr().inode();
  }

  private static <T extends Task> Stream<T> tasks(FakeServer s, Class<T> type) {
    return s.tasks.stream().filter(type::isInstance).map(type::cast);
  }

  @Test
  void placesHaveAddressesAndTokens() throws Exception {
    ChunkPlace place = staged(c.new Client(1)).chunks().getFirst();
    assertEquals(2, place.blocks().size());
    place.blocks().forEach(b -> assertEquals(holder(b.disk()).address(), b.server()));
    assertEquals(32, place.token().mac().length);
    Orders orders = servers.getFirst().beat(c);
    assertTrue(orders.keys().stream().anyMatch(k -> k.id() == place.token().keyId()));
  }

  @Test
  void aSilentWritersBlocksAreDeletedOnceItsLeaseIsClosed() throws Exception {
    TestCluster.Client silent = c.new Client(2);
    MasterReply.Opened o = staged(silent);
    ChunkPlace p = o.chunks().getFirst();
    for (int i = 0; i < 2; i++) {
      int index = i;
      FakeServer s = holder(p.blocks().get(i).disk());
      await(
          "a deletion",
          () ->
              tasks(s, Task.Delete.class)
                  .anyMatch(t -> t.blocks().contains(new BlockKey(p.chunk(), p.version(), index))));
    }
    assertEquals(1, status().rebuild().pendingDeletions());
    servers.forEach(FakeServer::finishTasks);
    await("the deletion to be done", () -> status().rebuild().pendingDeletions() == 0);
    MasterReply.Alive alive =
        (MasterReply.Alive)
            c.call(new MasterRequest.KeepAlive(2, new long[] {o.epoch()}, new long[0]));
    assertEquals(List.of(o.epoch()), Arrays.stream(alive.lost()).boxed().toList());
    AshlarException e =
        assertThrows(
            AshlarException.class,
            () ->
                silent.submit(
                    new Command.Allocate(
                        o.attr().inode(), o.epoch(), 1, 1, false, new long[0], new long[0])));
    assertEquals(ErrorCode.LEASE_LOST, e.code(), "not that its file is gone");
  }

  /**
   * A pack without files stays as long as somebody reads one of them. Pins run out in this test, so
   * a slow machine may need a few tries to see it.
   */
  @Test
  void aReaderOfAPackedFileKeepsThePack() throws Exception {
    TestCluster.Client client = c.new Client(7);
    boolean kept = false;
    for (int i = 0; i < 10 && !kept; i++) {
      ChunkPlace read = packed(client, "read");
      ChunkPlace unread = packed(client, "unread");
      long inode =
          ((MasterReply.AttrReply) c.call(new MasterRequest.Lookup(1, "read"))).attr().inode();
      client.submit(new Command.Unlink(1, "unread"));
      MasterReply.Layout layout =
          (MasterReply.Layout) c.call(new MasterRequest.GetLayout(inode, 0, 1, 8));
      assertEquals(read.chunk(), Objects.requireNonNull(layout.slice()).chunk().chunk());
      client.submit(new Command.Unlink(1, "read"));
      await("the pack that nobody reads to be deleted", () -> deleted(unread));
      kept = !deleted(read);
      await("the other to be deleted after it", () -> deleted(read));
    }
    assertTrue(kept);
  }

  private boolean deleted(ChunkPlace p) {
    return servers.stream()
        .flatMap(s -> tasks(s, Task.Delete.class))
        .flatMap(t -> t.blocks().stream())
        .anyMatch(b -> b.chunk() == p.chunk());
  }

  /** A file of this name, alone in a pack. */
  private static ChunkPlace packed(TestCluster.Client client, String name) throws AshlarException {
    MasterReply.Opened o = staged(client);
    ChunkPlace p = o.chunks().getFirst();
    CommittedChunk chunk =
        new CommittedChunk(0, p.chunk(), 1, 100, p.group(), p.groupEpoch(), 3, 0, ROOTS);
    client.submit(
        new Command.CommitPack(
            o.attr().inode(),
            o.epoch(),
            List.of(chunk),
            List.of(
                new Command.PackedFile(
                    new Command.Link(1, name, false), 0644, 0, 0, "", 0, 100, 1)),
            List.of(),
            false,
            new long[0]));
    return p;
  }

  @Test
  void aLostDiskIsRebuiltElsewhere() throws Exception {
    TestCluster.Client client = c.new Client(6);
    MasterReply.Opened o = staged(client);
    commit(client, o, "f");
    ChunkPlace p = o.chunks().getFirst();
    FakeServer lost = holder(p.blocks().getFirst().disk());
    FakeServer spare =
        servers.stream()
            .filter(s -> p.blocks().stream().noneMatch(b -> b.disk() == s.disk))
            .findFirst()
            .orElseThrow();
    lost.lists = false;
    BlockKey block = new BlockKey(p.chunk(), p.version(), 0);
    await(
        "a rebuild on the third server",
        () -> tasks(spare, Task.Rebuild.class).anyMatch(t -> t.block().equals(block)));
    Task.Rebuild task = tasks(spare, Task.Rebuild.class).findFirst().orElseThrow();
    assertFalse(task.sources().getFirst().exists());
    assertEquals(p.blocks().get(1).disk(), task.sources().get(1).disk());
    assertEquals(1, status().redundancy().degraded());
    assertEquals(
        "failed",
        status().disks().stream()
            .filter(d -> d.id() == lost.disk)
            .findFirst()
            .orElseThrow()
            .state());
    spare.finishTasks();
    await(
        "wholeness",
        () ->
            status().redundancy().whole() == 1
                && status().groups().stream()
                    .allMatch(g -> g.missing() == 0 || g.id() != p.group()));
    MasterReply.Layout layout =
        (MasterReply.Layout) c.call(new MasterRequest.GetLayout(o.attr().inode(), 0, 1, 0));
    assertEquals(spare.disk, layout.chunks().getFirst().blocks().getFirst().disk());
  }

  @Test
  void aRebuildWhoseOrderWasLostIsOrderedAgain() throws Exception {
    TestCluster.Client client = c.new Client(7);
    MasterReply.Opened o = staged(client);
    commit(client, o, "f");
    ChunkPlace p = o.chunks().getFirst();
    BlockKey block = new BlockKey(p.chunk(), p.version(), 0);
    FakeServer s = holder(p.blocks().getFirst().disk());
    s.bad.add(new BadBlock(block, s.disk, "does not match its checksum"));
    await("an order", () -> tasks(s, Task.Rebuild.class).anyMatch(t -> t.block().equals(block)));
    long lost = tasks(s, Task.Rebuild.class).findFirst().orElseThrow().id();
    s.tasks.clear();
    await("the order once more", () -> tasks(s, Task.Rebuild.class).findAny().isPresent());
    assertTrue(tasks(s, Task.Rebuild.class).noneMatch(t -> t.id() == lost));
    s.finishTasks();
    await("wholeness", () -> status().redundancy().whole() == 1);
    assertEquals(1, status().rebuild().doneBlocks());
  }

  @Test
  void aReadersWordAloneChangesNothing() throws Exception {
    TestCluster.Client client = c.new Client(8);
    MasterReply.Opened o = staged(client);
    commit(client, o, "f");
    ChunkPlace p = o.chunks().getFirst();
    BlockKey block = new BlockKey(p.chunk(), p.version(), 0);
    FakeServer s = holder(p.blocks().getFirst().disk());
    c.call(new MasterRequest.ReportBad(block, s.disk, "I say so"));
    await(
        "a verification",
        () -> tasks(s, Task.Verify.class).anyMatch(t -> t.blocks().contains(block)));
    s.finishTasks();
    s.beat(c);
    assertEquals(0, status().redundancy().missingBlocks());

    c.call(new MasterRequest.ReportBad(block, s.disk, "again"));
    await("a verification", () -> tasks(s, Task.Verify.class).findAny().isPresent());
    s.finishTasks();
    s.bad.add(new BadBlock(block, s.disk, "does not match its checksum"));
    await(
        "a rebuild in place",
        () -> tasks(s, Task.Rebuild.class).anyMatch(t -> t.block().equals(block)));
    s.finishTasks();
    await(
        "wholeness",
        () -> status().redundancy().whole() == 1 && status().redundancy().missingBlocks() == 0);
    assertEquals(1, status().rebuild().doneBlocks());
  }

  /** A committed chunk, and the server of its first block, which says that it has another. */
  private final class Differing {
    final ChunkPlace chunk;
    final FakeServer server;
    final long epoch;

    Differing() throws Exception {
      TestCluster.Client client = c.new Client(9);
      MasterReply.Opened o = staged(client);
      commit(client, o, "f");
      epoch = o.epoch();
      chunk = o.chunks().getFirst();
      server = holder(chunk.blocks().getFirst().disk());
    }

    MasterReply.ReportWanted digests() throws Exception {
      List<GroupDigest> other = List.of(new GroupDigest(chunk.group(), 1, 1));
      return (MasterReply.ReportWanted)
          c.call(new MasterRequest.BlockDigests(server.name, server.disk, other));
    }

    /** What the master wants deleted of one block. */
    List<BlockKey> report(long number, BlockKey block) throws Exception {
      return report(number, block, 0, 0);
    }

    List<BlockKey> report(long number, BlockKey block, long from, long to) throws Exception {
      MasterRequest.BlockEntry entry =
          new MasterRequest.BlockEntry(block, chunk.group(), 100, 11, epoch, true);
      MasterRequest.BlockReport report =
          new MasterRequest.BlockReport(
              server.name, server.disk, chunk.group(), List.of(entry), number, from, to);
      return ((MasterReply.Verdict) c.call(report)).delete();
    }
  }

  @Test
  void differingDigestsAreJudged() throws Exception {
    Differing d = new Differing();
    MasterReply.ReportWanted wanted = d.digests();
    assertTrue(Arrays.stream(wanted.groups()).anyMatch(g -> g == d.chunk.group()));
    BlockKey here = new BlockKey(d.chunk.chunk(), d.chunk.version(), 0);
    BlockKey later = new BlockKey(d.chunk.chunk(), d.chunk.version() + 5, 0);
    assertFalse(d.report(wanted.number(), later).contains(here));
    await(
        "the absent block to be verified",
        () -> tasks(d.server, Task.Verify.class).anyMatch(t -> t.blocks().contains(here)));
  }

  /**
   * A network may deliver a report twice, or late. What it names may have been dropped since, on
   * the word of its first delivery, so it must not count as there.
   */
  @Test
  void aReportThatComesAgainIsNoNews() throws Exception {
    Differing d = new Differing();
    BlockKey garbage = new BlockKey(d.chunk.chunk(), d.chunk.version(), 99);
    long first = d.digests().number();
    assertEquals(List.of(garbage), d.report(first, garbage));
    assertEquals(List.of(), d.report(first, garbage));
    long second = d.digests().number();
    assertEquals(List.of(), d.report(first, garbage));
    assertEquals(List.of(garbage), d.report(second, garbage));
  }

  @Test
  void theNextPartOfAReportIsNewsAndNoOther() throws Exception {
    Differing d = new Differing();
    BlockKey garbage = new BlockKey(d.chunk.chunk(), d.chunk.version(), 99);
    long number = d.digests().number();
    long next = d.chunk.chunk() + 1;
    assertEquals(List.of(), d.report(number, garbage, next, 0), "the first part is not here");
    assertEquals(List.of(garbage), d.report(number, garbage, 0, next));
    assertEquals(List.of(), d.report(number, garbage, 0, next), "it comes again");
    assertEquals(List.of(garbage), d.report(number, garbage, next, 0));
    assertEquals(List.of(), d.report(number, garbage, next, 0), "it comes again");
  }

  /**
   * A report repeats the disk's index, which still has a block that the same disk called damaged.
   */
  @Test
  void aMissingBlockThatIsReportedCountsOnceItWasVerified() throws Exception {
    Differing d = new Differing();
    FakeServer s = d.server;
    BlockKey block = new BlockKey(d.chunk.chunk(), d.chunk.version(), 0);
    BadBlock bad = new BadBlock(block, s.disk, "does not match its checksum");
    s.bad.add(bad);
    await("the damage to be known", () -> status().redundancy().missingBlocks() == 1);

    d.report(d.digests().number(), block);
    await("a verification", () -> verified(s, block));
    s.bad.add(bad);
    s.end(Task.Verify.class, "CORRUPT: 1 of 1 blocks are damaged");
    s.beat(c);

    d.report(d.digests().number(), block);
    await("another verification", () -> verified(s, block));
    assertEquals(1, status().redundancy().missingBlocks());
    s.bad.add(bad); // met by the scrub after the verification has passed the block
    s.end(Task.Verify.class, "");
    s.beat(c);

    d.report(d.digests().number(), block);
    await("a third verification", () -> verified(s, block));
    assertEquals(1, status().redundancy().missingBlocks());
    s.end(Task.Verify.class, "");
    await("the block to count again", () -> status().redundancy().missingBlocks() == 0);
  }

  private static boolean verified(FakeServer s, BlockKey block) {
    return tasks(s, Task.Verify.class).anyMatch(t -> t.blocks().contains(block));
  }

  @Test
  void everyDiskIsAskedForDigestsOnce() throws Exception {
    FakeServer s = servers.getFirst();
    s.boot++;
    await("a wish for digests", () -> s.wanted.contains(s.disk));
    c.call(new MasterRequest.BlockDigests(s.name, s.disk, List.of()));
    assertEquals(0, s.beat(c).wanted().length);
  }
}
