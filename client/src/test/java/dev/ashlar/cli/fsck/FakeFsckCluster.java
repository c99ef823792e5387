package dev.ashlar.cli.fsck;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.BlockToken;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Files of one chunk each under rs-2-1, block i on disk 10 + i. Thread-safe as far as fsck needs
 * it.
 */
final class FakeFsckCluster implements FsckCluster {
  static final Policy POLICY = Policy.parse("rs-2-1");
  static final int LENGTH = 300_000;
  private static final BlockToken TOKEN =
      new BlockToken(1, 1, BlockToken.READ, 0, 1, 0, 1, new byte[32]);

  final TreeMap<Long, MasterReply.FileChunks> files = new TreeMap<>();
  final Map<Long, NavigableMap<BlockKey, BlockEntry>> disks = new HashMap<>();
  final Map<BlockKey, BlockFate> fates = new HashMap<>();
  final List<String> wrong = new ArrayList<>();

  /** Disks that count as up and do not answer. */
  final Set<Long> silent = new HashSet<>();

  private boolean listed;
  private Runnable afterListing = () -> {};
  private Runnable beforeSecondLook = () -> {};

  FakeFsckCluster() {
    for (int i = 0; i < POLICY.width(); i++) {
      disks.put(10L + i, new TreeMap<>());
    }
  }

  /** Happens once, when the first disk has been listed. */
  void afterListing(Runnable change) {
    afterListing = change;
  }

  /** Happens once, when one file is asked for that seems wrong. */
  void beforeSecondLook(Runnable change) {
    beforeSecondLook = change;
  }

  /** A whole file. */
  void file(long inode) {
    file(inode, 1);
  }

  /** A whole file; the id of its chunk {@code i} is {@code inode + 100 * i}. */
  void file(long inode, int chunks) {
    long size = (long) chunks * LENGTH;
    Attr attr = new Attr(inode, FileType.FILE, 0644, 0, 0, 1, size, 1, 0, 0, 0, POLICY.toString());
    List<ChunkPlace> all = IntStream.range(0, chunks).mapToObj(i -> chunk(i, inode)).toList();
    files.put(inode, new MasterReply.FileChunks(attr, "/f" + inode, all, 0));
  }

  private ChunkPlace chunk(int index, long inode) {
    long id = inode + 100L * index;
    List<BlockPlace> places = new ArrayList<>();
    int[] roots = new int[POLICY.width()];
    for (int i = 0; i < POLICY.width(); i++) {
      places.add(new BlockPlace("server-" + i + ":1", 10L + i, false));
      roots[i] = (int) id * 100 + i;
      block(id, i, roots[i], true);
    }
    return new ChunkPlace(index, id, 1, 0, LENGTH, LENGTH, 1, 1, places, roots, TOKEN);
  }

  BlockKey block(long chunk, int index, int root, boolean sealed) {
    return block(new BlockKey(chunk, 1, index), root, sealed);
  }

  BlockKey block(BlockKey key, int root, boolean sealed) {
    int index = key.index();
    disk(index)
        .put(
            key,
            new BlockEntry(
                key, 1, BlockLayout.blockLength(POLICY, LENGTH, index), root, 1, sealed));
    return key;
  }

  NavigableMap<BlockKey, BlockEntry> disk(int index) {
    return disks.computeIfAbsent(10L + index, _ -> new TreeMap<>());
  }

  private NavigableMap<BlockKey, BlockEntry> listing(long disk) {
    return Objects.requireNonNull(disks.get(disk));
  }

  @Override
  public ClusterStatus status() {
    List<ClusterStatus.Server> servers = new ArrayList<>();
    List<ClusterStatus.Disk> list = new ArrayList<>();
    for (long id : disks.keySet()) {
      servers.add(
          new ClusterStatus.Server(
              "server-" + (id - 10), "server-" + (id - 10) + ":1", "", "up", 0, 1));
      list.add(new ClusterStatus.Disk(id, "server-" + (id - 10), "", "up", 0, 0, 0, 0, ""));
    }
    return new ClusterStatus(
        1,
        "rs-2-1",
        "m",
        "m",
        1,
        List.of(),
        servers,
        list,
        List.of(),
        new ClusterStatus.Redundancy(0, 0, 0, 0, 0, 0, List.of()),
        new ClusterStatus.Rebuild(false, 0, 0, 0, 0, 0, 0, -1, 0),
        0,
        0,
        0);
  }

  /** Pages of two files, with two chunks of each. */
  @Override
  public synchronized MasterReply.Files scanFiles(ScanFiles asked) {
    if (asked.limit() == 1) {
      Runnable change = beforeSecondLook;
      beforeSecondLook = () -> {};
      change.run();
    }
    List<MasterReply.FileChunks> page = new ArrayList<>();
    for (MasterReply.FileChunks f : files.tailMap(asked.after(), false).values()) {
      if (page.size() == Math.min(asked.limit(), 2)) {
        return new MasterReply.Files(page, true, 0);
      }
      int first = asked.continues(f.attr().inode()) ? asked.firstChunk() : 0;
      List<ChunkPlace> left = f.chunks().stream().filter(c -> c.index() >= first).toList();
      List<ChunkPlace> sent = left.stream().limit(asked.chunks() == 0 ? 2 : 1).toList();
      page.add(new MasterReply.FileChunks(f.attr(), f.path(), sent, f.pack()));
      if (sent.size() < left.size()) {
        return new MasterReply.Files(page, true, left.get(sent.size()).index());
      }
    }
    return new MasterReply.Files(page, false, 0);
  }

  @Override
  public synchronized ChunkReply.Blocks listBlocks(
      String server, long disk, BlockKey after, int limit) throws AshlarException {
    mustAnswer(disk);
    List<BlockEntry> page =
        listing(disk).tailMap(after, false).values().stream().limit(Math.min(limit, 2)).toList();
    boolean more = !page.isEmpty() && listing(disk).lastKey().compareTo(page.getLast().block()) > 0;
    if (!more && !listed && disks.size() == 3) {
      listed = true;
      afterListing.run();
    }
    return new ChunkReply.Blocks(page, more);
  }

  @Override
  public synchronized ChunkReply.BlockInfo statBlock(String server, long disk, BlockKey block)
      throws AshlarException {
    mustAnswer(disk);
    BlockEntry e = listing(disk).get(block);
    if (e == null) {
      throw new AshlarException(ErrorCode.VERSION_GONE, "Not here");
    }
    return new ChunkReply.BlockInfo(e.length(), e.root(), new int[0], e.sealed(), e.epoch());
  }

  private void mustAnswer(long disk) throws AshlarException {
    if (silent.contains(disk) || !disks.containsKey(disk)) {
      throw new AshlarException(ErrorCode.UNAVAILABLE, "Out of reach");
    }
  }

  @Override
  public List<BlockFate> fates(long disk, List<BlockEntry> blocks) {
    return blocks.stream().map(b -> fates.getOrDefault(b.block(), BlockFate.GARBAGE)).toList();
  }

  @Override
  public List<String> verify(String policy, ChunkPlace chunk) {
    return wrong;
  }
}
