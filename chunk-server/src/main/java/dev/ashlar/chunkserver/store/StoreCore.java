package dev.ashlar.chunkserver.store;

import dev.ashlar.chunkserver.store.StoreState.Retired;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply.Sealed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What changes the blocks of a disk: one thread, no clock, no locks. Seals and deletions are
 * decided at once but promised only after {@link #sync}. An AshlarException refuses one operation
 * and leaves everything as it was; any other exception means that the disk is unusable: nothing may
 * be called afterwards.
 */
final class StoreCore {
  private static final Logger LOG = LoggerFactory.getLogger(StoreCore.class);

  /** Blocks being written at one time; each costs memory until it is sealed or deleted. */
  private static final int MAX_STAGED = 65_536;

  /** Tombstones in one append. */
  private static final int DELETE_BATCH = 512;

  /**
   * Ranges punched in one step: each takes the file system up to a millisecond, while others wait.
   */
  private static final int PUNCHES = 32;

  private static final int TOMBSTONE_BYTES = LogRecord.align(LogRecord.SMALL_HEADER);

  private final StoreState state;
  private final BlockLog log;
  private final BlockIndex index;
  private final DiskOptions options;
  private final ByteBuffer scratch =
      ByteBuffer.allocateDirect(
          Math.max(LogRecord.MAX_HEADER + 64, DELETE_BATCH * TOMBSTONE_BYTES));
  private final List<Runnable> afterCommit = new ArrayList<>();
  private final ArrayDeque<Extent> unpunched = new ArrayDeque<>();
  private long indexed;
  private boolean changed;
  private boolean punching = true;

  private StoreCore(StoreState state, DiskOptions options) {
    this.state = state;
    this.log = state.log;
    this.index = state.index;
    this.options = options;
  }

  /**
   * Recovers a log and its index, which may be empty, and answers what may change them from then
   * on.
   */
  static StoreCore recover(StoreState state, DiskIo io, DiskOptions options) throws IOException {
    StoreCore core = new StoreCore(state, options);
    new Recovery(state, io).run(core);
    core.indexed = state.log.tail();
    return core;
  }

  /** Appends to a staged block; answers its length so far. Not durable. */
  long write(BlockWrite w, ByteBuffer... payload) throws IOException {
    int bytes = BlockChecks.payload(w, payload);
    BlockKey key = w.block();
    fence(key.chunk(), w.epoch());
    BlockRow row = index.row(index.pending(), key);
    if (row != null) {
      if (BlockChecks.repeats(row.crcs(), row.length(), w.offset(), bytes, w.crcs())) {
        return row.length();
      }
      throw conflict(
          key
              + " is sealed with "
              + row.length()
              + " bytes; a write of other bytes at "
              + w.offset()
              + " cannot change it");
    }
    Staged s = staged(key, w.group(), w.epoch(), w.base(), w.keep(), w.offset() == w.keep());
    int have = s.length();
    if (w.offset() < have || bytes == 0) {
      if (BlockChecks.repeats(s.crcs(), have, w.offset(), bytes, w.crcs())) {
        return have;
      }
      throw conflict(key + " already holds other bytes at " + w.offset());
    }
    if (w.offset() > have || have % BlockLayout.SLICE_BYTES != 0) {
      throw conflict(
          key
              + " has "
              + have
              + " bytes so far; a write at "
              + w.offset()
              + " does not continue it");
    }
    try {
      room(bytes);
      s.add(
          appendData(key, w.epoch(), w.group(), w.offset(), w.crcs(), bytes, payload),
          bytes,
          w.crcs());
    } catch (AshlarException e) {
      if (have == s.keep) {
        unstage(s);
      }
      throw e;
    }
    return s.length();
  }

  /** Seals a staged block. The answer may be given only after {@link #sync}. */
  Sealed seal(BlockKey key, long group, long epoch, long base, long keep, long length)
      throws IOException {
    BlockChecks.key(key, epoch, base, keep);
    fence(key.chunk(), epoch);
    BlockRow row = index.row(index.pending(), key);
    if (row == null) {
      if (length <= 0 || length > BlockLayout.BLOCK_BYTES) {
        throw BlockChecks.invalid(
            key
                + " cannot be sealed with "
                + length
                + " bytes: a block has 1 to "
                + BlockLayout.BLOCK_BYTES);
      }
      Staged s = staged(key, group, epoch, base, keep, keep > 0 && length == keep);
      if (s.length() != length) {
        throw conflict(
            key + " has " + s.length() + " bytes so far and cannot be sealed with " + length);
      }
      row = appendSeal(s.row());
      index.put(row);
      changed = true;
      state.sealing.put(key, s);
      state.staged.remove(key, s);
      BlockRow sealed = row;
      afterCommit.add(() -> {
        state.totals.add(sealed);
        state.sealing.remove(key, s);
      });
    } else if (row.length() != length) {
      throw conflict(key + " is sealed with " + row.length() + " bytes, not " + length);
    }
    return new Sealed(row.length(), row.root(), row.keep() > 0 ? row.crcs() : new int[0]);
  }

  /** Deletes blocks, staged or sealed. Durable only after {@link #sync}. */
  void delete(List<BlockKey> keys) throws IOException {
    List<BlockRow> rows = new ArrayList<>();
    for (BlockKey key : keys) {
      BlockRow row = index.row(index.pending(), key);
      if (row != null) {
        rows.add(row);
        if (rows.size() == DELETE_BATCH) {
          bury(rows);
          rows.clear();
        }
      } else {
        unstage(key);
      }
    }
    bury(rows);
  }

  /** Forgets a staged block, if it is here and was not sealed. */
  void unstage(BlockKey key) throws IOException {
    Staged s = state.staged.get(key);
    if (s != null) {
      unstage(s);
      dropFence(key.chunk());
    }
  }

  /** Makes everything so far durable and visible: one sync of the log, one commit of the index. */
  void sync() throws IOException {
    log.sync();
    if (log.tail() != indexed || changed) {
      if (log.tail() > 0) {
        index.position(log.tail());
      }
      index.commit();
      indexed = log.tail();
      changed = false;
    }
    List<Runnable> effects = List.copyOf(afterCommit);
    afterCommit.clear();
    effects.forEach(Runnable::run);
  }

  /** Whether {@link #sync} has something to do for an operation that waits. */
  boolean unsynced() {
    return changed || !afterCommit.isEmpty();
  }

  /**
   * Records how far the log is synced, so that later damage before that point is never taken for a
   * torn tail.
   */
  void mark() throws IOException {
    try {
      appendMark();
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.RETRY) {
        throw e;
      }
      LOG.debug("Disk {}: no mark for now", log.disk(), e);
    }
  }

  private void appendMark() throws IOException {
    if (log.synced() == log.tail() && log.tail() > 0) {
      long address = log.place(LogRecord.SMALL_HEADER);
      LogRecord.put(
          scratch.clear(),
          log.disk(),
          address,
          LogRecord.Type.MARK,
          LogRecord.NO_BLOCK,
          0,
          0,
          log.synced(),
          0,
          0);
      append(scratch.flip());
      log.handOn();
    }
  }

  /**
   * Gives back the space of some of what nobody reads any more. Answers false if there was nothing
   * to do.
   */
  boolean reclaim() throws IOException {
    List<Retired> retired = state.leases.destroyable();
    List<Extent> extents = new ArrayList<>();
    for (Retired item : retired) {
      switch (item) {
        case Retired.Bytes b -> extents.addAll(b.extents());
        case Retired.File f -> {
          log.drop(f.segment());
          state.space.drop(f.segment().id());
        }
      }
    }
    for (Extent e : Ranges.merge(extents)) {
      if (e.length() >= options.punchBytes()) {
        unpunched.add(e);
      }
    }
    return punch() || !retired.isEmpty();
  }

  /** Appends a data record; answers the address of its payload. */
  long appendData(
      BlockKey key,
      long epoch,
      long group,
      long offset,
      int[] crcs,
      int bytes,
      ByteBuffer... payload)
      throws IOException {
    long address = log.place(LogRecord.SMALL_HEADER + 4 * crcs.length + bytes + 8);
    int start =
        LogRecord.begin(
            scratch.clear(), LogRecord.Type.DATA, key, epoch, group, log.synced(), offset, 0);
    for (int crc : crcs) {
      scratch.putInt(crc);
    }
    LogRecord.end(scratch, start, bytes, log.disk(), address);
    int header = scratch.flip().remaining();
    ByteBuffer[] parts = new ByteBuffer[payload.length + 1];
    parts[0] = scratch;
    System.arraycopy(payload, 0, parts, 1, payload.length);
    append(parts);
    Extent added = new Extent(address + header, bytes);
    state.space.live(added, 1);
    return added.address();
  }

  /** Appends a seal record; answers the row with the segments where its seals now are. */
  BlockRow appendSeal(BlockRow row) throws IOException {
    long address = log.place(LogRecord.FIXED + row.bodyBytes() + 8);
    int segment = Address.segment(address);
    BlockRow sealed = row.sealed(row.sealFrom() == 0 ? segment : row.sealFrom(), segment);
    int start =
        LogRecord.begin(
            scratch.clear(),
            LogRecord.Type.SEAL,
            row.key(),
            row.epoch(),
            row.group(),
            log.synced(),
            0,
            0);
    sealed.encodeBody(scratch);
    LogRecord.end(scratch, start, 0, log.disk(), address);
    append(scratch.flip());
    return sealed;
  }

  /** Appends a tombstone or fence that was in a segment that goes away. */
  void appendSmall(LogRecord.Type type, BlockKey key, long epoch, long group, long a, long b)
      throws IOException {
    long address = log.place(TOMBSTONE_BYTES);
    LogRecord.put(
        scratch.clear(), log.disk(), address, type, key, epoch, group, log.synced(), a, b);
    append(scratch.flip());
  }

  /** A row was changed by compaction. */
  void replaced(BlockRow row) throws IOException {
    index.put(row);
    changed = true;
  }

  /** After the next commit, and after the readers of today, these bytes or files go. */
  void retire(Retired item) {
    afterCommit.add(() -> state.leases.retire(item));
  }

  /** Notes bytes as no longer used, to be given back after the next commit. */
  void dead(List<Extent> extents) {
    for (Extent e : extents) {
      state.space.live(e, -1);
    }
    if (!extents.isEmpty()) {
      retire(new Retired.Bytes(extents));
    }
  }

  private boolean punch() throws IOException {
    boolean any = false;
    for (int left = Math.min(PUNCHES, unpunched.size()); left > 0; left--) {
      Extent e = unpunched.remove();
      BlockLog.Segment segment = log.segment(Address.segment(e.address()));
      if (segment != null && punching) {
        try {
          punching = segment.file().punch(Address.position(e.address()), e.length());
          state.space.allocated(segment.id(), segment.file().allocated());
          any = true;
        } catch (AshlarException | NoSpaceException ex) {
          // No descriptor, or no block for the list of what is left of the file. Its bytes stay
          // dead: a later step gives them back.
          LOG.debug("Disk {}: {} stays for now", log.disk(), e, ex);
          unpunched.add(e);
        }
      }
    }
    return any;
  }

  private void append(ByteBuffer... parts) throws IOException {
    long before = Address.position(log.tail());
    log.append(parts);
    int segment = Address.segment(log.tail());
    state.space.allocated(
        segment, state.space.allocated(segment) + Address.position(log.tail()) - before);
  }

  private Staged staged(BlockKey key, long group, long epoch, long base, long keep, boolean first)
      throws IOException {
    Staged s = state.staged.get(key);
    if (s != null && first && (epoch > s.epoch || epoch == 0 && s.epoch != 0)) {
      unstage(s);
      s = null;
    }
    if (s == null) {
      if (!first) {
        throw new AshlarException(
            ErrorCode.VERSION_GONE,
            key + " is not being written here (any more): start it again from its first byte");
      }
      return stage(key, group, epoch, base, keep);
    }
    if (s.group != group || s.epoch != epoch || s.base != base || s.keep != keep) {
      throw conflict(
          key
              + " is being written under epoch "
              + s.epoch
              + " sharing "
              + s.keep
              + " bytes with version "
              + s.base
              + ", which this request does not continue");
    }
    return s;
  }

  private Staged stage(BlockKey key, long group, long epoch, long base, long keep)
      throws IOException {
    if (state.staged.size() >= MAX_STAGED) {
      throw new AshlarException(
          ErrorCode.RETRY,
          "Disk "
              + log.disk()
              + " has "
              + MAX_STAGED
              + " unfinished blocks: try again when some are sealed or deleted");
    }
    Staged s = new Staged(key, group, epoch, base, (int) keep);
    if (keep > 0) {
      BlockKey from = new BlockKey(key.chunk(), base, key.index());
      BlockRow row = index.row(index.pending(), from);
      if (row == null || row.length() < keep) {
        throw new AshlarException(
            ErrorCode.VERSION_GONE,
            from + ", whose first " + keep + " bytes " + key + " shares, is not here");
      }
      s.share(row);
    }
    state.staged.put(key, s);
    return s;
  }

  private void unstage(Staged s) throws IOException {
    state.staged.remove(s.key, s);
    dead(state.unshared(s.key, s.extents()));
  }

  private void bury(List<BlockRow> rows) throws IOException {
    if (rows.isEmpty()) {
      return;
    }
    long address = log.place(rows.size() * TOMBSTONE_BYTES);
    scratch.clear();
    for (int i = 0; i < rows.size(); i++) {
      BlockRow row = rows.get(i);
      scratch.position(i * TOMBSTONE_BYTES);
      LogRecord.put(
          scratch,
          log.disk(),
          address + scratch.position(),
          LogRecord.Type.TOMBSTONE,
          row.key(),
          row.epoch(),
          row.group(),
          log.synced(),
          row.sealFrom(),
          row.sealTo());
      while (scratch.position() < (i + 1) * TOMBSTONE_BYTES) {
        scratch.put((byte) 0);
      }
    }
    append(scratch.flip());
    changed = true;
    for (BlockRow row : rows) {
      remove(row);
    }
  }

  private void remove(BlockRow row) throws IOException {
    if (index.row(index.pending(), row.key()) == null) {
      return;
    }
    index.remove(row);
    dead(state.unshared(row.key(), row.extents()));
    afterCommit.add(() -> state.totals.remove(row));
    dropFence(row.key().chunk());
  }

  private void fence(long chunk, long epoch) throws IOException {
    if (epoch == 0) {
      return;
    }
    long seen = index.fence(index.pending(), chunk);
    if (epoch < seen) {
      throw new AshlarException(
          ErrorCode.STALE_EPOCH,
          "Lease epoch "
              + epoch
              + " is over: chunk "
              + Long.toHexString(chunk)
              + " was written under epoch "
              + seen);
    }
    if (epoch > seen) {
      index.fence(chunk, epoch);
      changed = true;
    }
  }

  private void dropFence(long chunk) throws IOException {
    if (!state.stagedChunk(chunk) && index.highestEpoch(index.pending(), chunk) < 0) {
      index.dropFence(chunk);
      changed = true;
    }
  }

  /** Refuses new data while deletions can still be recorded. */
  private void room(int bytes) throws IOException {
    String full = full(bytes);
    if (full != null) {
      throw new AshlarException(ErrorCode.NO_SPACE, full);
    }
  }

  /** Why so many bytes more do not fit, null if they do. */
  @Nullable String full(long bytes) throws IOException {
    long used = state.space.allocated() + index.bytes();
    if (options.capacityBytes() > 0 && used + bytes > options.capacityBytes()) {
      return "Disk "
          + log.disk()
          + " has reached its limit of "
          + options.capacityBytes()
          + " bytes: delete files or add disks";
    }
    if (log.usableBytes() - bytes < options.reserveBytes()) {
      return "The file system of disk "
          + log.disk()
          + " has less than its reserve of "
          + options.reserveBytes()
          + " bytes free: delete files or add disks";
    }
    return null;
  }

  private static AshlarException conflict(String sentence) {
    return new AshlarException(ErrorCode.CONFLICT, sentence);
  }
}
