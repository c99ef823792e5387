package dev.ashlar.master.state;

import static dev.ashlar.master.state.World.allocated;
import static dev.ashlar.master.state.World.attr;
import static dev.ashlar.master.state.World.done;
import static dev.ashlar.master.state.World.opened;
import static dev.ashlar.master.state.World.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.state.LogCommand.DeletionKey;
import dev.ashlar.master.state.Rows.ChunkRow;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.MasterReply;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Leases, allocation, commit and truncation on both stores. */
@ParameterizedClass
@EnumSource(StoreKind.class)
final class WriterTest {
  private static final long ROOT = Attr.ROOT;

  private final StoreKind kind;
  private World w;
  private long chunk;
  @TempDir Path dir;

  WriterTest(StoreKind kind) {
    this.kind = kind;
    this.w = new World(new dev.ashlar.master.store.MemoryStore(), "rs-3-2");
  }

  @BeforeEach
  void start() {
    w = new World(kind.open(dir), "rs-3-2").withGroup();
    chunk = w.policy.chunkBytes();
  }

  @AfterEach
  void stop() {
    w.read(txn -> {
      Invariants.check(txn);
      return 0;
    });
    w.close();
  }

  private List<DeletionKey> deletions() {
    return w.query(q -> q.deletions(new DeletionKey(0, 0, 0), 100)).stream()
        .map(Queries.Deletion::key)
        .toList();
  }

  @Test
  void onlyOneWriterAtATime() {
    MasterReply.Opened o = w.create(ROOT, "f");
    w.open(9);
    refused(ErrorCode.LEASE_LOST, w.client(9, new Command.AcquireLease(o.attr().inode())));
    refused(ErrorCode.LEASE_LOST, w.ask(new Command.AcquireLease(o.attr().inode())));
    refused(ErrorCode.LEASE_LOST, w.client(9, new Command.Create(ROOT, "f", 0, 0, 0, false, "")));
    refused(
        ErrorCode.LEASE_LOST, w.client(9, new Command.ReleaseLease(o.attr().inode(), o.epoch())));
    refused(ErrorCode.LEASE_LOST, w.client(9, new Command.Truncate(o.attr().inode(), 0, 5, 0)));
    done(w.ask(new Command.ReleaseLease(o.attr().inode(), o.epoch())));
    MasterReply.Opened again = opened(w.client(9, new Command.AcquireLease(o.attr().inode())));
    assertNotEquals(o.epoch(), again.epoch());
    refused(ErrorCode.LEASE_LOST, w.commit(o, 0, false));
    refused(ErrorCode.IS_DIRECTORY, w.ask(new Command.AcquireLease(ROOT)));
  }

  @Test
  void stagedFilesGetTheirNameWithTheirContent() {
    long old = w.file(ROOT, "f", 1, 1);
    MasterReply.Opened o =
        opened(w.ask(new Command.Stage(ROOT, 0640, 1, 2, "", 2, new long[] {1, 1})));
    assertEquals(0, o.attr().links());
    CommittedChunk a = w.sealed(o.chunks().get(0), chunk, 0);
    CommittedChunk b = w.sealed(o.chunks().get(1), 10, 0);
    Command.Link link = new Command.Link(ROOT, "f", false);
    refused(
        ErrorCode.EXISTS,
        w.ask(
            new Command.Commit(
                o.attr().inode(), o.epoch(), List.of(a, b), chunk + 10, 3, link, true)));
    refused(
        ErrorCode.INVALID,
        w.ask(
            new Command.Commit(
                o.attr().inode(),
                o.epoch(),
                List.of(a, b),
                chunk + 10,
                3,
                Command.Link.NONE,
                true)));
    link = new Command.Link(ROOT, "f", true);
    Attr attr =
        attr(
            w.ask(
                new Command.Commit(
                    o.attr().inode(), o.epoch(), List.of(a, b), chunk + 10, 3, link, true)));
    assertEquals(1, attr.links());
    assertEquals(chunk + 10, attr.size());
    assertEquals(3, attr.modifiedNs());
    assertEquals(1, attr.version());
    assertEquals(attr.inode(), w.query(q -> q.lookup(ROOT, "f")).inode());
    assertFalse(w.exists(old));
    assertEquals(1, deletions().size(), "the replaced file's chunk");
    assertEquals(0, w.query(Queries::leases).size());
  }

  @Test
  void abandonedStagedFilesVanish() {
    MasterReply.Opened o =
        opened(w.ask(new Command.Stage(ROOT, 0640, 1, 2, "", 3, new long[] {1, 1, 1})));
    attr(w.commit(o, chunk, false, w.sealed(o.chunks().get(0), chunk, 0)));
    done(w.apply(new LogCommand.CloseLeases(new long[] {o.epoch(), 77})));
    assertFalse(w.exists(o.attr().inode()));
    assertEquals(3, deletions().size());
    refused(ErrorCode.LEASE_LOST, w.commit(o, chunk, false));
  }

  @Test
  void appendsBuildOnTheLastVersion() {
    MasterReply.Opened o = w.create(ROOT, "f");
    ChunkPlace first = w.allocate(o, 0, 1, false, 1).get(0);
    assertEquals(0, first.base());
    attr(w.commit(o, 100, false, w.sealed(first, 100, 0)));
    ChunkPlace second = w.allocate(o, 0, 1, false, 1).get(0);
    assertEquals(first.chunk(), second.chunk());
    assertEquals(1, second.base());
    assertEquals(2, second.version());
    assertEquals(100, second.storedLength());
    assertEquals(100, second.validLength());
    ChunkPlace third = w.allocate(o, 0, 1, false, 1).get(0);
    assertEquals(3, third.version(), "a version that was handed out is never handed out again");
    refused(ErrorCode.CONFLICT, w.commit(o, 200, false, w.sealed(second, 200, 0)));
    attr(w.commit(o, 300, false, w.sealed(third, 300, 0)));
    assertEquals(
        List.of(new DeletionKey(1, first.chunk(), 1), new DeletionKey(1, first.chunk(), 2)),
        deletions());
    ChunkPlace fresh = w.allocate(o, 0, 1, true, 1).get(0);
    assertNotEquals(first.chunk(), fresh.chunk());
    assertEquals(0, fresh.base());
    attr(w.commit(o, 300, true, w.sealed(fresh, 300, 0)));
    assertEquals(3, deletions().size());
  }

  @Test
  void commitsAreCheckedWhole() {
    MasterReply.Opened o = w.create(ROOT, "f");
    List<ChunkPlace> places = w.allocate(o, 0, 2, false, 1);
    CommittedChunk good = w.sealed(places.get(0), chunk, 0);
    CommittedChunk c = w.sealed(places.get(1), chunk, 0);
    refused(ErrorCode.INVALID, w.commit(o, chunk, false, good, c));
    refused(ErrorCode.INVALID, w.commit(o, -1, false));
    refused(ErrorCode.TOO_LARGE, w.commit(o, Long.MAX_VALUE, false));
    refused(ErrorCode.INVALID, w.commit(o, 2 * chunk, false, good, good));
    refused(
        ErrorCode.CONFLICT,
        w.commit(
            o,
            9 * chunk,
            false,
            good,
            change(c, 5, c.version(), c.groupEpoch(), chunk, c.roots())));
    refused(
        ErrorCode.CONFLICT,
        w.commit(o, 2 * chunk, false, good, change(c, 1, 2, c.groupEpoch(), chunk, c.roots())));
    refused(
        ErrorCode.CONFLICT,
        w.commit(o, 2 * chunk, false, good, change(c, 1, c.version(), 2, chunk, c.roots())));
    refused(
        ErrorCode.INVALID,
        w.commit(
            o, 2 * chunk, false, good, change(c, 1, c.version(), c.groupEpoch(), 0, c.roots())));
    refused(
        ErrorCode.INVALID,
        w.commit(
            o,
            3 * chunk,
            false,
            good,
            change(c, 1, c.version(), c.groupEpoch(), chunk + 1, c.roots())));
    refused(
        ErrorCode.INVALID,
        w.commit(
            o,
            2 * chunk,
            false,
            good,
            change(c, 1, c.version(), c.groupEpoch(), chunk, new int[4])));
    refused(
        ErrorCode.INVALID,
        w.commit(o, 2 * chunk, false, good, w.sealed(places.get(1), chunk, 0b00011)));
    assertEquals(0, w.topology().cluster().chunks(), "refused whole");
    attr(w.commit(o, 2 * chunk, false, good, w.sealed(places.get(1), chunk, 0b00010)));
    assertEquals(0b00010, w.chunk(o.attr().inode(), 1).missing());
    refused(ErrorCode.CONFLICT, w.commit(o, 2 * chunk, false, good));
  }

  private static CommittedChunk change(
      CommittedChunk c, int index, long version, long epoch, long length, int[] roots) {
    return new CommittedChunk(
        index,
        c.chunk(),
        version,
        length,
        c.group(),
        epoch,
        c.onMember(),
        c.onReplacement(),
        roots);
  }

  @Test
  void blocksWithoutBytesAreNeverMissing() {
    MasterReply.Opened o = w.create(ROOT, "f");
    ChunkPlace p = w.allocate(o, 0, 1, false, 1).get(0);
    assertEquals(0b11001, w.storedMask(10));
    refused(ErrorCode.INVALID, w.commit(o, 10, false, w.sealed(p, 10, 0b01001)));
    attr(w.commit(o, 10, true, w.sealed(p, 10, 0b00110 | 0b00001)));
    assertEquals(0b00001, w.chunk(o.attr().inode(), 0).missing());
  }

  @Test
  void truncationCutsAndDrops() {
    long f = w.file(ROOT, "f", 3, 1);
    Attr a = attr(w.ask(new Command.Truncate(f, 0, chunk + 7, 4)));
    assertEquals(chunk + 7, a.size());
    assertEquals(2, a.version());
    assertEquals(7, w.chunk(f, 1).validLength());
    assertEquals(chunk, w.chunk(f, 1).storedLength());
    assertEquals(1, deletions().size());
    assertEquals(chunk + 7, w.topology().cluster().dataBytes());
    attr(w.ask(new Command.Truncate(f, 0, 10 * chunk, 4)));
    assertEquals(7, w.chunk(f, 1).validLength(), "the cut bytes stay cut");
    attr(w.ask(new Command.Truncate(f, 0, 0, 4)));
    assertEquals(3, deletions().size());
    refused(ErrorCode.INVALID, w.ask(new Command.Truncate(f, 0, -1, 4)));
    refused(ErrorCode.TOO_LARGE, w.ask(new Command.Truncate(f, 0, Long.MAX_VALUE, 4)));
    refused(ErrorCode.IS_DIRECTORY, w.ask(new Command.Truncate(ROOT, 0, 0, 4)));
  }

  @Test
  void truncationTakesBackWhatWasStagedBehindIt() {
    long f = w.file(ROOT, "f", 2, 1);
    MasterReply.Opened o = opened(w.ask(new Command.AcquireLease(f)));
    List<ChunkPlace> places = w.allocate(o, 0, 2, false, 1);
    attr(w.ask(new Command.Truncate(f, o.epoch(), chunk + 5, 4)));
    refused(ErrorCode.CONFLICT, w.commit(o, 2 * chunk, false, w.sealed(places.get(1), chunk, 0)));
    attr(w.commit(o, 2 * chunk, false, w.sealed(places.get(0), chunk, 0)));
    ChunkPlace again = w.allocate(o, 1, 1, false, 1).get(0);
    assertEquals(5, again.validLength());
    assertEquals(chunk, again.storedLength());
    attr(w.commit(o, chunk + 9, false, w.sealed(again, 9, 0)));
    assertEquals(9, w.chunk(f, 1).storedLength());
  }

  @Test
  void aCommitMayShrinkTheFile() {
    long f = w.file(ROOT, "f", 3, 1);
    MasterReply.Opened o = opened(w.ask(new Command.AcquireLease(f)));
    ChunkPlace p = w.allocate(o, 0, 1, true, 1).get(0);
    attr(w.commit(o, 10, true, w.sealed(p, 10, 0)));
    assertEquals(1, w.topology().cluster().chunks());
    assertEquals(10, w.topology().cluster().dataBytes());
    assertEquals(3, deletions().size());
  }

  @Test
  void unlinkingEndsTheLease() {
    MasterReply.Opened o = w.create(ROOT, "f");
    ChunkPlace p = w.allocate(o, 0, 1, false, 1).get(0);
    done(w.ask(new Command.Unlink(ROOT, "f")));
    refused(ErrorCode.LEASE_LOST, w.commit(o, 10, true, w.sealed(p, 10, 0)));
    assertEquals(1, deletions().size());
    assertEquals(0, w.topology().cluster().files());
  }

  @Test
  void allocationIsChecked() {
    MasterReply.Opened o = w.create(ROOT, "f");
    long f = o.attr().inode();
    refused(
        ErrorCode.INVALID,
        w.ask(new Command.Allocate(f, o.epoch(), -1, 1, false, new long[0], new long[] {1})));
    refused(
        ErrorCode.INVALID,
        w.ask(new Command.Allocate(f, o.epoch(), 0, 257, false, new long[0], new long[257])));
    refused(
        ErrorCode.INVALID,
        w.ask(
            new Command.Allocate(
                f, o.epoch(), Integer.MAX_VALUE, 1, false, new long[0], new long[] {1})));
    refused(
        ErrorCode.RETRY,
        w.ask(new Command.Allocate(f, o.epoch(), 0, 1, false, new long[0], new long[0])));
    refused(
        ErrorCode.RETRY,
        w.ask(new Command.Allocate(f, o.epoch(), 0, 1, false, new long[0], new long[] {5})));
    refused(
        ErrorCode.LEASE_LOST,
        w.ask(new Command.Allocate(f, 99, 0, 1, false, new long[0], new long[] {1})));
    ChunkPlace p =
        allocated(
                w.ask(new Command.Allocate(f, o.epoch(), 0, 1, false, new long[0], new long[] {1})))
            .get(0);
    assertEquals(5, p.blocks().size());
    assertEquals(100, p.blocks().get(0).disk());
    assertEquals(o.epoch(), p.token().epoch());
  }

  @Test
  void aCommitSurvivesChangesOfItsGroup() {
    MasterReply.Opened o = w.create(ROOT, "f");
    List<ChunkPlace> places = w.allocate(o, 0, 3, false, 1);
    done(w.apply(new LogCommand.RegisterDisk(200, "s9", "/d", "", 1)));
    done(w.apply(new LogCommand.RegisterDisk(201, "s10", "/d", "", 1)));
    done(w.apply(new LogCommand.StartReplacement(1, 1, 0, 200, false)));
    attr(w.commit(o, chunk, false, w.sealed(places.get(0), chunk, 0)));
    ChunkRow row = w.chunk(o.attr().inode(), 0);
    assertEquals(0, row.missing(), "written to the old member, which still is the member");
    assertEquals(0, row.onReplacement());
    ChunkPlace late = w.allocate(o, 3, 1, false, 1).get(0);
    assertTrue(late.blocks().get(0).replacement());
    assertEquals(200, late.blocks().get(0).disk());
    refused(ErrorCode.CONFLICT, w.apply(new LogCommand.FinishReplacement(1, 2, 0)));
    done(
        w.apply(
            new LogCommand.BlocksRebuilt(
                List.of(
                    new LogCommand.DiskBlock(
                        1, new dev.ashlar.protocol.BlockKey(row.chunk(), 1, 0), 200)))));
    done(w.apply(new LogCommand.FinishReplacement(1, 2, 0)));
    attr(w.commit(o, 4 * chunk, false, w.sealed(late, chunk, 0)));
    assertEquals(
        0,
        w.chunk(o.attr().inode(), 3).missing(),
        "written to the replacement, which is the member now");
    attr(w.commit(o, 4 * chunk, false, w.sealed(places.get(1), chunk, 0)));
    assertEquals(
        0b00001, w.chunk(o.attr().inode(), 1).missing(), "written to the old member, which is out");
    done(w.apply(new LogCommand.StartReplacement(1, 3, 1, 201, false)));
    done(w.apply(new LogCommand.DropReplacement(1, 4, 1)));
    refused(
        ErrorCode.CONFLICT, w.commit(o, 4 * chunk, false, w.sealed(places.get(2), chunk, 0b00010)));
    ChunkPlace fresh = w.allocate(o, 2, 1, true, 1).get(0);
    attr(w.commit(o, 4 * chunk, true, w.sealed(fresh, chunk, 0)));
    assertFalse(w.chunk(o.attr().inode(), 2).missing() != 0);
  }
}
