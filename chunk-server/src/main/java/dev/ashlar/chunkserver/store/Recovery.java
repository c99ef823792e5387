package dev.ashlar.chunkserver.store;

import dev.ashlar.chunkserver.store.BlockLog.Segment;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings index and log together when a disk is opened. Runs once, before anything else touches the
 * disk.
 *
 * <ol>
 *   <li>What the index has not seen of the log (all of it, if the index is new) is replayed: seals,
 *       tombstones, fences.
 *   <li>Bytes from the highest {@code synced} address on, that any record, segment header or the
 *       index knows, may never have been synced. There, and only there, a bad end of the log is a
 *       torn tail and is cut off; and there a seal counts only if the bytes of its block are on
 *       media. Nobody was told that it is durable otherwise.
 *   <li>Bad bytes anywhere else are damage: nothing is cut, what can be read lives on, blocks whose
 *       bytes are hit are reported.
 * </ol>
 */
final class Recovery {
  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  /** Records between two commits of the index, to bound a transaction. */
  private static final int COMMIT_EVERY = 20_000;

  private final StoreState state;
  private final BlockLog log;
  private final BlockIndex index;
  private final DiskIo io;
  private final BlockVerifier verifier;
  private final List<Extent> damage = new ArrayList<>();

  /**
   * Seals that were never promised and whose bytes did not make it, with the row that they would
   * have replaced.
   */
  private final TreeMap<BlockKey, Rejected> rejected = new TreeMap<>();

  private int uncommitted;

  private record Rejected(BlockRow row, @Nullable BlockRow before) {}

  Recovery(StoreState state, DiskIo io) {
    this.state = state;
    this.log = state.log;
    this.index = state.index;
    this.io = io;
    this.verifier = new BlockVerifier(state.log);
  }

  /**
   * Leaves the log ready for appending, the index complete and committed, the tables in memory
   * loaded.
   */
  void run(StoreCore core) throws IOException {
    NavigableMap<Integer, Segment> files = files();
    long position = Math.max(0, index.position(index.committed()));
    log.knowSynced(position);
    log.neverBelow(Address.segment(position) + 1);
    for (Segment segment : files.values()) {
      log.adopt(segment);
    }
    findSynced(files);
    checkEnd(files);
    for (Segment segment : files.tailMap(Address.segment(position)).values()) {
      long from = segment.id() == Address.segment(position) ? Address.position(position) : 0;
      replay(segment, Math.max(from, BlockLog.FILE_HEADER), segment.id() == files.lastKey());
    }
    settle(core);
    index.commit();
    load();
  }

  private NavigableMap<Integer, Segment> files() throws IOException {
    NavigableMap<Integer, Segment> files = new TreeMap<>();
    for (String name : io.list()) {
      if (SegmentName.matches(name)) {
        int id = SegmentName.parse(name);
        files.put(id, new Segment(id, io.open(name), false));
      } else {
        LOG.warn("Disk {}: ignoring {}, which is no segment file", log.disk(), name);
      }
    }
    return files;
  }

  /**
   * Finds out how far the log was synced, from the newest segment that says anything; later ones
   * were never synced and go.
   */
  private void findSynced(NavigableMap<Integer, Segment> files) throws IOException {
    while (!files.isEmpty()) {
      Segment last = files.lastEntry().getValue();
      reread(last);
      boolean known = Address.segment(log.synced()) >= last.id();
      long begun = log.begunAt(last);
      if (begun >= 0) {
        log.knowSynced(begun);
        known = true;
      }
      SegmentScanner scan = scan(last, BlockLog.FILE_HEADER);
      for (LogRecord r = scan.next(); r != null; r = scan.next()) {
        log.knowSynced(r.synced());
        known = true;
      }
      if (known || !log.blank(last)) {
        break;
      }
      LOG.info(
          "Disk {}: dropping {}, which was created but never synced",
          log.disk(),
          SegmentName.of(last.id()));
      log.drop(last);
      log.neverBelow(last.id() + 1);
      files.remove(last.id());
    }
    for (Segment segment : files.tailMap(Address.segment(log.synced())).values()) {
      reread(segment);
    }
  }

  /** Makes what is read of a segment from now on what is on media. */
  private static void reread(Segment segment) throws IOException {
    segment.file().sync();
    segment.file().forget(0, segment.file().size());
  }

  private SegmentScanner scan(Segment segment, long from) throws IOException {
    return new SegmentScanner(
        segment.file(), log.disk(), segment.id(), from, segment.file().size());
  }

  /** What is known to be synced must be there. */
  private void checkEnd(NavigableMap<Integer, Segment> files) throws IOException {
    long synced = log.synced();
    Segment at = files.get(Address.segment(synced));
    if (synced > 0
        && (at == null || LogRecord.align(at.file().size()) < Address.position(synced))) {
      damaged(new Extent(synced, 0), "the log was synced up to here, but now ends before");
    }
  }

  private void damaged(Extent place, String what) {
    LOG.error(
        "Disk {}: {} bytes at {}: {}",
        log.disk(),
        place.length(),
        Address.text(place.address()),
        what);
    damage.add(place);
  }

  /**
   * Puts what the records of a segment say into the index; cuts off a torn tail; marks the segment
   * if it is damaged.
   */
  private void replay(Segment segment, long from, boolean last) throws IOException {
    boolean whole = true;
    if (log.begunAt(segment) < 0) {
      damaged(
          new Extent(Address.of(segment.id(), 0), BlockLog.FILE_HEADER),
          "the header of the segment is damaged");
      whole = false;
    }
    long size = segment.file().size();
    long end = size;
    SegmentScanner scan = scan(segment, from);
    for (LogRecord r = scan.next(); r != null; r = scan.next()) {
      apply(r);
      if (++uncommitted >= COMMIT_EVERY) {
        uncommitted = 0;
        index.commit();
      }
    }
    for (Extent bad : scan.damage()) {
      if (last && Address.position(bad.end()) == size && bad.address() >= log.synced()) {
        LOG.info(
            "Disk {}: cutting off {} bytes at {} that were never synced",
            log.disk(),
            bad.length(),
            Address.text(bad.address()));
        end = Address.position(bad.address());
      } else {
        damaged(bad, "these are no records");
        whole = false;
      }
    }
    if (!whole) {
      log.adopt(new Segment(segment.id(), segment.file(), true));
    } else if (last && log.synced() <= LogRecord.align(Address.of(segment.id(), end))) {
      if (end < size) {
        segment.file().truncate(end);
      }
      log.resume(segment, end);
    }
  }

  private void apply(LogRecord r) throws IOException {
    switch (r.type()) {
      case DATA, FENCE -> fence(r);
      case SEAL -> {
        fence(r);
        seal(r);
      }
      case TOMBSTONE -> {
        BlockRow row = index.row(index.pending(), r.key());
        if (row != null && row.sealTo() >= r.a() && row.sealTo() <= r.b()) {
          index.remove(row);
        }
        rejected.remove(r.key());
      }
      case MARK -> {}
    }
  }

  private void seal(LogRecord r) throws IOException {
    BlockRow row;
    try {
      row =
          BlockRow.decodeBody(
              r.key(), r.group(), r.epoch(), Address.segment(r.address()), r.extra());
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "A seal at "
              + Address.text(r.address())
              + " has a good checksum but makes no sense: this is a bug",
          e);
    }
    BlockRow before = index.row(index.pending(), r.key());
    if (r.address() >= log.synced() && verifier.fault(row, log.synced()) != null) {
      LOG.info("Disk {}: dropping {}, whose bytes were never synced", log.disk(), r.key());
      rejected.put(r.key(), new Rejected(row, before));
      return;
    }
    if (before != null && before.group() != row.group()) {
      index.remove(before);
    }
    index.put(row);
    rejected.remove(r.key());
  }

  private void fence(LogRecord r) throws IOException {
    if (r.epoch() > index.fence(index.pending(), r.key().chunk())) {
      index.fence(r.key().chunk(), r.epoch());
    }
  }

  /**
   * Makes the log say what was decided about unproven seals, and everything that was kept durable.
   */
  private void settle(StoreCore core) throws IOException {
    if (log.tail() == 0 && (!damage.isEmpty() || log.segments().iterator().hasNext())) {
      roll();
    }
    for (Rejected r : rejected.values()) {
      if (r.before() != null) {
        index.put(core.appendSeal(r.before()));
      } else {
        core.appendSmall(
            LogRecord.Type.TOMBSTONE,
            r.row().key(),
            r.row().epoch(),
            r.row().group(),
            r.row().sealFrom(),
            r.row().sealTo());
      }
    }
    log.sync();
    if (log.tail() > 0) {
      index.position(log.tail());
    }
  }

  /** A full disk can wait for its next segment: the next write begins it. */
  private void roll() throws IOException {
    try {
      log.roll();
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NO_SPACE || !rejected.isEmpty()) {
        throw e;
      }
      LOG.warn("Disk {}: {}", log.disk(), e.getMessage());
    }
  }

  /** Fills the tables in memory from the rows, and drops fences of chunks that have none. */
  private void load() throws IOException {
    for (Segment segment : log.segments()) {
      state.space.allocated(segment.id(), segment.file().allocated());
    }
    List<Extent> sisters = new ArrayList<>();
    BlockKey[] last = {LogRecord.NO_BLOCK};
    index.rows(
        index.committed(),
        null,
        row -> {
          if (last[0].chunk() != row.key().chunk() || last[0].index() != row.key().index()) {
            sisters.clear();
          }
          last[0] = row.key();
          state.totals.add(row);
          for (Extent e : Ranges.subtract(row.extents(), sisters)) {
            state.space.live(e, 1);
          }
          sisters.addAll(row.extents());
          report(row);
          return true;
        });
    List<Long> stale = new ArrayList<>();
    index.fences(
        index.committed(),
        (chunk, epoch) -> {
          if (index.highestEpoch(index.committed(), chunk) < 0) {
            stale.add(chunk);
          }
        });
    for (long chunk : stale) {
      index.dropFence(chunk);
    }
    index.commit();
  }

  private void report(BlockRow row) throws IOException {
    for (Extent e : row.extents()) {
      Segment segment = log.segment(Address.segment(e.address()));
      if (segment == null
          || !damage.isEmpty()
              && (segment.damaged() || Address.position(e.end()) > segment.file().size())) {
        String fault = verifier.fault(row);
        if (fault != null) {
          state.bad(row.key(), fault);
        }
        return;
      }
    }
  }
}
