package dev.ashlar.cli.fsck;

import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Program;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.transfer.Tasks;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.BlockFate;
import dev.ashlar.protocol.message.MasterRequest.BlockEntry;
import dev.ashlar.protocol.message.MasterRequest.ScanFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Lists all blocks on all disks, then walks all files and looks for every block they need, then
 * asks about the blocks that no file needs. What seems wrong is looked at once more, since the
 * cluster goes on working meanwhile. For one thread; disks are listed and chunks verified by {@link
 * Tasks}.
 */
public final class Fsck {
  private static final int PAGE = 1_000;
  private static final int PARALLEL = 8;

  /** How often a chunk is looked at that seems wrong and changes each time. */
  private static final int LOOKS = 5;

  private static final BlockKey START = new BlockKey(Long.MIN_VALUE, 0, 0);

  private final FsckCluster cluster;
  private final Progress progress;
  private final Findings findings;
  private final Map<Long, DiskBlocks> listed = new ConcurrentHashMap<>();
  private final Map<Long, ClusterStatus.Disk> disks = new HashMap<>();
  private final Map<String, String> addresses = new HashMap<>();
  private final AtomicLong verifiedChunks = new AtomicLong();
  private final AtomicLong verifiedBytes = new AtomicLong();
  private long files;
  private long chunks;
  private long bytes;
  private long staged;
  private long deleting;

  /**
   * A block that cannot be used.
   *
   * @param gone whether that is known; if not, its disk merely does not answer
   */
  private record Fault(Problem problem, boolean gone) {}

  /**
   * @param listener told of each problem when it is found, at most {@link Findings#KEPT} times
   */
  public Fsck(FsckCluster cluster, Progress progress, Consumer<Problem> listener) {
    this.cluster = cluster;
    this.progress = progress;
    this.findings = new Findings(listener);
  }

  /**
   * Checks.
   *
   * @param path for the report
   * @param selected which inodes to check, null for all: then blocks that nothing needs are looked
   *     for too
   * @param verify whether to read every byte
   */
  public FsckReport run(String path, @Nullable LongPredicate selected, boolean verify)
      throws IOException {
    listDisks();
    Tasks verifying =
        new Tasks(
            PARALLEL,
            sentence ->
                findings.add(
                    new Problem(Problem.Kind.UNVERIFIED, "", -1, "", -1, "", "", sentence)));
    Set<Long> packs = new TreeSet<>(); // that hold bytes of selected files
    for (ScanFiles ask = ScanFiles.all(PAGE); ask != null; ) {
      MasterReply.Files page = cluster.scanFiles(ask);
      for (MasterReply.FileChunks file : page.files()) {
        long inode = file.attr().inode();
        if (selected == null || selected.test(inode)) {
          file(file, ask.continues(inode), verify, verifying);
          if (selected != null && file.pack() != 0) {
            packs.add(file.pack());
          }
        } else {
          file.chunks().forEach(c -> need(file.attr(), c));
        }
      }
      ask = page.next(PAGE);
    }
    for (long pack : packs) {
      for (MasterReply.FileChunks found : cluster.scanFiles(ScanFiles.of(pack)).files()) {
        if (found.attr().inode() == pack) {
          file(found, false, verify, verifying);
        }
      }
    }
    verifying.join();
    if (selected == null) {
      strangers();
    }
    long blocks = listed.values().stream().mapToLong(DiskBlocks::size).sum();
    Map<Problem.Kind, Long> counts = findings.counts();
    return new FsckReport(
        counts.isEmpty(),
        path,
        files,
        chunks,
        blocks,
        bytes,
        staged,
        deleting,
        verify,
        verifiedChunks.get(),
        verifiedBytes.get(),
        counts,
        findings.kept());
  }

  private void listDisks() throws IOException {
    ClusterStatus status = cluster.status();
    status.servers().forEach(s -> addresses.put(s.name(), s.address()));
    Tasks tasks =
        new Tasks(
            PARALLEL,
            sentence ->
                findings.add(
                    new Problem(Problem.Kind.UNREACHABLE, "", -1, "", -1, "", "", sentence)));
    for (ClusterStatus.Disk d : status.disks()) {
      disks.put(d.id(), d);
      if (d.state().equals("up") || d.state().equals("full") || d.state().equals("suspect")) {
        tasks.start(d.server() + ", disk " + Long.toHexString(d.id()), () -> tryList(d));
      }
    }
    tasks.join();
  }

  /** One server that does not answer is no reason to give up the others, as Tasks would. */
  private void tryList(ClusterStatus.Disk disk) throws IOException {
    try {
      list(disk);
    } catch (AshlarException e) {
      findings.add(
          new Problem(
              Problem.Kind.UNREACHABLE,
              "",
              -1,
              "",
              -1,
              disk.server(),
              Long.toHexString(disk.id()),
              Program.explain(e)));
    }
  }

  private void list(ClusterStatus.Disk disk) throws IOException {
    DiskBlocks blocks = new DiskBlocks();
    BlockKey after = START;
    boolean more = true;
    while (more) {
      ChunkReply.Blocks page = cluster.listBlocks(address(disk.server()), disk.id(), after, PAGE);
      page.blocks().forEach(blocks::add);
      more = page.more() && !page.blocks().isEmpty();
      after = page.blocks().isEmpty() ? after : page.blocks().getLast().block();
    }
    listed.put(disk.id(), blocks);
  }

  private String address(String server) {
    return addresses.getOrDefault(server, server);
  }

  /** Notes what a file that is not checked needs. */
  private void need(Attr attr, ChunkPlace c) {
    Policy policy = Policy.parse(attr.policy());
    long stored = BlockLayout.storedMask(policy, c.storedLength());
    for (int i = 0; i < policy.width(); i++) {
      if ((stored >>> i & 1) != 0) {
        find(c, i);
      }
    }
  }

  /** The entry of a block on its disk, noted as needed; null if it is not there. */
  private @Nullable BlockEntry find(ChunkPlace c, int i) {
    DiskBlocks blocks = listed.get(c.blocks().get(i).disk());
    int at = blocks == null ? -1 : blocks.find(new BlockKey(c.chunk(), c.version(), i));
    if (blocks == null || at < 0) {
      return null;
    }
    blocks.need(at);
    return blocks.entry(at);
  }

  /**
   * @param continued whether its first chunks were on an earlier page
   */
  private void file(MasterReply.FileChunks file, boolean continued, boolean verify, Tasks verifying)
      throws IOException {
    boolean pack = file.attr().type() == FileType.PACK; // its bytes are those of its files
    if (!pack && !continued) {
      files++;
      bytes += file.attr().size();
    }
    long toVerify = file.chunks().stream().mapToLong(ChunkPlace::validLength).sum();
    progress.expect(continued ? 0 : 1, verify ? toVerify : 0);
    for (ChunkPlace c : file.chunks()) {
      chunks++;
      List<Fault> faults = faults(file, c);
      if (!faults.isEmpty()) {
        again(file, c, faults).forEach(findings::add);
      }
      if (verify) {
        verifying.start(file.path() + ", chunk " + c.index(), () -> verify(file, c));
      }
    }
    if (!continued) {
      progress.file();
    }
  }

  /** What is wrong with a chunk as far as the lists tell. */
  private List<Fault> faults(MasterReply.FileChunks file, ChunkPlace c) {
    List<Fault> faults = new ArrayList<>();
    for (int i : stored(file, c)) {
      BlockPlace place = c.blocks().get(i);
      Fault fault =
          !place.exists()
              ? nowhere(file, c, i)
              : !listed.containsKey(place.disk())
                  ? away(file, c, i)
                  : compare(file, c, i, find(c, i));
      if (fault != null) {
        faults.add(fault);
      }
    }
    return faults;
  }

  /** The blocks that a chunk has. */
  private static List<Integer> stored(MasterReply.FileChunks file, ChunkPlace c) {
    Policy policy = Policy.parse(file.attr().policy());
    long stored = BlockLayout.storedMask(policy, c.storedLength());
    return IntStream.range(0, policy.width()).filter(i -> (stored >>> i & 1) != 0).boxed().toList();
  }

  private Fault nowhere(MasterReply.FileChunks file, ChunkPlace c, int i) {
    String detail = "the block is nowhere at present and waits to be rebuilt";
    return new Fault(problem(Problem.Kind.DEGRADED, file, c, i, detail), true);
  }

  private Fault away(MasterReply.FileChunks file, ChunkPlace c, int i) {
    String detail = "the block's disk is out of reach";
    return new Fault(problem(Problem.Kind.DEGRADED, file, c, i, detail), false);
  }

  /** Compares a block on its disk, null if it is not there, with what was committed. */
  private @Nullable Fault compare(
      MasterReply.FileChunks file, ChunkPlace c, int i, @Nullable BlockEntry entry) {
    if (entry == null) {
      return new Fault(
          problem(Problem.Kind.MISSING, file, c, i, "the disk does not have the block"), true);
    }
    Policy policy = Policy.parse(file.attr().policy());
    long length = BlockLayout.blockLength(policy, c.storedLength(), i);
    if (entry.sealed() && entry.length() == length && entry.root() == c.roots()[i]) {
      return null;
    }
    return new Fault(
        problem(
            Problem.Kind.WRONG,
            file,
            c,
            i,
            "the disk has "
                + entry.length()
                + " bytes with root "
                + Integer.toHexString(entry.root())
                + (entry.sealed() ? "" : ", unsealed")
                + ", the writer committed "
                + length
                + " with root "
                + Integer.toHexString(c.roots()[i])),
        true);
  }

  /**
   * Looks at a chunk that seems wrong as it is now: it may have changed since the disks were
   * listed, and again while it was looked at.
   */
  private List<Problem> again(MasterReply.FileChunks file, ChunkPlace c, List<Fault> suspected)
      throws IOException {
    ChunkPlace seen = c;
    List<Fault> faults = suspected;
    for (int look = 0; look < LOOKS && !faults.isEmpty(); look++) {
      ChunkPlace now = now(file, c.index());
      if (now == null) {
        return List.of(); // removed, or cut off meanwhile
      }
      boolean changed = now.version() != seen.version();
      if (look > 0 && !changed) {
        break;
      }
      faults =
          ask(
              file,
              now,
              changed ? stored(file, now) : faults.stream().map(f -> f.problem().block()).toList());
      seen = now;
    }
    return problems(file, seen, faults);
  }

  /** A chunk as it is now, null if it is no more. */
  private @Nullable ChunkPlace now(MasterReply.FileChunks file, int index) throws IOException {
    long inode = file.attr().inode();
    for (MasterReply.FileChunks f :
        cluster.scanFiles(new ScanFiles(inode - 1, 1, index, 1)).files()) {
      for (ChunkPlace c : f.chunks()) {
        if (f.attr().inode() == inode && c.index() == index) {
          return c;
        }
      }
    }
    return null;
  }

  /** What is wrong with these blocks, each asked for on its server. */
  private List<Fault> ask(MasterReply.FileChunks file, ChunkPlace c, List<Integer> blocks) {
    List<Fault> faults = new ArrayList<>();
    for (int i : blocks) {
      BlockPlace place = c.blocks().get(i);
      Fault fault =
          !place.exists()
              ? nowhere(file, c, i)
              : !place.reachable() ? away(file, c, i) : ask(file, c, i);
      if (fault != null) {
        faults.add(fault);
      }
    }
    return faults;
  }

  private @Nullable Fault ask(MasterReply.FileChunks file, ChunkPlace c, int i) {
    BlockPlace place = c.blocks().get(i);
    BlockKey key = new BlockKey(c.chunk(), c.version(), i);
    try {
      ChunkReply.BlockInfo b = cluster.statBlock(place.server(), place.disk(), key);
      return compare(
          file, c, i, new BlockEntry(key, c.group(), b.length(), b.root(), b.epoch(), b.sealed()));
    } catch (AshlarException e) {
      return switch (e.code()) {
        case VERSION_GONE, NOT_FOUND -> compare(file, c, i, null);
        case DISK_FAILED ->
            new Fault(problem(Problem.Kind.MISSING, file, c, i, Program.explain(e)), true);
        case CORRUPT ->
            new Fault(problem(Problem.Kind.WRONG, file, c, i, Program.explain(e)), true);
        default -> away(file, c, i);
      };
    }
  }

  /** The faults of a chunk, after what they mean together. */
  private List<Problem> problems(MasterReply.FileChunks file, ChunkPlace c, List<Fault> faults) {
    Policy policy = Policy.parse(file.attr().policy());
    List<Problem> problems = new ArrayList<>();
    if (faults.size() > policy.m()) {
      long gone = faults.stream().filter(Fault::gone).count();
      boolean lost = gone > policy.m();
      problems.add(
          problem(
              lost ? Problem.Kind.LOST : Problem.Kind.AWAY,
              file,
              c,
              -1,
              (lost
                      ? gone + " of " + stored(file, c).size() + " blocks cannot be used"
                      : faults.size()
                          + " of "
                          + stored(file, c).size()
                          + " blocks cannot be had now, "
                          + (faults.size() - gone)
                          + " of them only because their servers do not answer")
                  + ", and "
                  + policy
                  + " tolerates "
                  + policy.m()
                  + " losses"));
    }
    faults.forEach(f -> problems.add(f.problem()));
    return problems;
  }

  private void verify(MasterReply.FileChunks file, ChunkPlace c) throws IOException {
    List<String> wrong;
    try {
      wrong = cluster.verify(file.attr().policy(), c);
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.VERSION_GONE || e.code() == ErrorCode.NOT_FOUND) {
        return; // replaced or removed meanwhile
      }
      wrong = List.of(Program.explain(e));
    }
    wrong.forEach(w -> findings.add(problem(Problem.Kind.UNVERIFIED, file, c, -1, w)));
    long length = 0;
    Policy policy = Policy.parse(file.attr().policy());
    for (int i = 0; i < policy.width(); i++) {
      length += BlockLayout.blockLength(policy, c.storedLength(), i);
    }
    verifiedChunks.incrementAndGet();
    verifiedBytes.addAndGet(length);
    progress.bytes(c.validLength());
  }

  /** Blocks that no file needs. */
  private void strangers() throws IOException {
    for (Map.Entry<Long, DiskBlocks> e : listed.entrySet()) {
      List<BlockEntry> unneeded = new ArrayList<>();
      DiskBlocks blocks = e.getValue();
      for (int at = blocks.nextUnneeded(0); at >= 0; at = blocks.nextUnneeded(at + 1)) {
        unneeded.add(blocks.entry(at));
        if (unneeded.size() == PAGE) {
          judge(e.getKey(), unneeded);
          unneeded.clear();
        }
      }
      if (!unneeded.isEmpty()) {
        judge(e.getKey(), unneeded);
      }
    }
  }

  private void judge(long disk, List<BlockEntry> unneeded) throws IOException {
    List<BlockFate> fates = cluster.fates(disk, unneeded);
    if (fates.size() != unneeded.size()) {
      throw new FailedException(
          "The leader explained " + fates.size() + " of " + unneeded.size() + " blocks");
    }
    for (int i = 0; i < unneeded.size(); i++) {
      switch (fates.get(i)) {
        case NEEDED -> {} // committed since, or a second copy while its disk is being replaced
        case STAGED -> staged++;
        case DELETING -> deleting++;
        case GARBAGE -> garbage(disk, unneeded.get(i));
      }
    }
  }

  /** It may have been deleted since it was listed. */
  private void garbage(long disk, BlockEntry entry) {
    ClusterStatus.Disk d = disks.get(disk);
    String server = d == null ? "" : d.server();
    try {
      cluster.statBlock(address(server), disk, entry.block());
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.VERSION_GONE || e.code() == ErrorCode.NOT_FOUND) {
        deleting++;
        return;
      }
    }
    findings.add(
        new Problem(
            Problem.Kind.UNEXPECTED,
            "",
            -1,
            Long.toHexString(entry.block().chunk()),
            entry.block().index(),
            server,
            Long.toHexString(disk),
            "no file needs " + entry.block() + " of " + entry.length() + " bytes"));
  }

  private Problem problem(
      Problem.Kind kind, MasterReply.FileChunks file, ChunkPlace c, int block, String detail) {
    BlockPlace place = block < 0 ? BlockPlace.NOWHERE : c.blocks().get(block);
    ClusterStatus.Disk disk = disks.get(place.disk());
    return new Problem(
        kind,
        file.path(),
        c.index(),
        Long.toHexString(c.chunk()),
        block,
        disk == null ? "" : disk.server(),
        place.exists() ? Long.toHexString(place.disk()) : "",
        detail);
  }
}
