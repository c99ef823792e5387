package dev.ashlar.chunkserver.store;

import dev.ashlar.chunkserver.store.BlockLog.Segment;
import dev.ashlar.chunkserver.store.Compactor.UnreadableException;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Copies the bytes that the versions of one block have in a segment to the end of the log and
 * points every version there. Versions share prefixes, so bytes of two versions that overlap begin
 * at the same place: the longest is copied once. Disk's thread.
 */
final class BlockMover {
  private static final int BUFFER = 1 << 20;

  private final StoreState state;
  private final StoreCore core;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);

  /**
   * @param offset where the bytes belong in the block
   */
  private record Piece(BlockKey key, long group, long epoch, int offset, int length, int[] crcs) {}

  BlockMover(StoreState state, StoreCore core) {
    this.state = state;
    this.core = core;
  }

  /**
   * Answers how many bytes were copied, 0 if the block has none there.
   *
   * @throws UnreadableException if they cannot be read; nothing changed for this block then
   */
  int move(long chunk, int index, int leaving) throws IOException {
    BlockKey any = new BlockKey(chunk, 0, index);
    List<BlockRow> rows = state.index.versions(state.index.pending(), chunk, index);
    List<Staged> staged = List.copyOf(state.stagedVersions(any));
    Map<Long, Piece> pieces = new HashMap<>();
    for (BlockRow row : rows) {
      collect(pieces, leaving, row.key(), row.group(), row.epoch(), row.extents(), row.crcs());
    }
    for (Staged s : staged) {
      collect(pieces, leaving, s.key, s.group, s.epoch, s.extents(), s.crcs());
    }
    if (pieces.isEmpty()) {
      return 0;
    }
    List<Extent> touched = new ArrayList<>();
    int copied = 0;
    try {
      Map<Long, List<Extent>> moved = new HashMap<>();
      for (Map.Entry<Long, Piece> e : pieces.entrySet()) {
        List<Extent> copies = new ArrayList<>();
        touched.add(new Extent(e.getKey(), e.getValue().length()));
        copy(e.getKey(), e.getValue(), copies, touched);
        moved.put(e.getKey(), copies);
        copied += e.getValue().length();
      }
      for (BlockRow row : rows) {
        if (row.extents().stream().anyMatch(e -> moved.containsKey(e.address()))) {
          int from = state.log.oldestFrom(row.sealFrom());
          core.replaced(core.appendSeal(row.at(replace(row.extents(), moved)).sealed(from, 0)));
        }
      }
      for (Staged s : staged) {
        s.place(replace(s.extents(), moved));
      }
    } finally {
      // Whatever happened: of the old and new places, those that no version uses now are free.
      core.dead(state.unused(any, touched));
    }
    return copied;
  }

  private static void collect(
      Map<Long, Piece> pieces,
      int leaving,
      BlockKey key,
      long group,
      long epoch,
      List<Extent> extents,
      int[] crcs) {
    int offset = 0;
    for (Extent e : extents) {
      if (Address.segment(e.address()) == leaving) {
        Piece have = pieces.get(e.address());
        if (have == null || have.length() < e.length()) {
          int first = offset / BlockLayout.SLICE_BYTES;
          pieces.put(
              e.address(),
              new Piece(
                  key,
                  group,
                  epoch,
                  offset,
                  e.length(),
                  Arrays.copyOfRange(crcs, first, first + BlockLayout.slices(e.length()))));
        }
      }
      offset += e.length();
    }
  }

  private void copy(long address, Piece piece, List<Extent> copies, List<Extent> touched)
      throws IOException {
    for (int done = 0; done < piece.length(); done += BUFFER) {
      int bytes = Math.min(BUFFER, piece.length() - done);
      read(address + done, bytes, piece);
      int first = done / BlockLayout.SLICE_BYTES;
      int[] crcs = Arrays.copyOfRange(piece.crcs(), first, first + BlockLayout.slices(bytes));
      if (!Arrays.equals(Checksums.slices(buffer), crcs)) {
        // Moved as it is, under the writer's checksums: still seen as damaged wherever it is read.
        state.bad(
            piece.key(), "bytes at " + (piece.offset() + done) + " do not match their checksums");
      }
      long to =
          core.appendData(
              piece.key(),
              piece.epoch(),
              piece.group(),
              piece.offset() + (long) done,
              crcs,
              bytes,
              buffer);
      copies.add(new Extent(to, bytes));
      touched.add(copies.getLast());
    }
  }

  private void read(long address, int bytes, Piece piece) throws IOException {
    Segment segment = state.log.segment(Address.segment(address));
    try {
      if (segment != null
          && segment.file().read(buffer.clear().limit(bytes), Address.position(address)) == bytes) {
        buffer.flip();
        return;
      }
    } catch (AshlarException e) {
      throw e; // no descriptor: the bytes may be as good as any
    } catch (IOException e) {
      state.bad(piece.key(), "its bytes cannot be read: " + e.getMessage());
      throw new UnreadableException(
          "Bytes of "
              + piece.key()
              + " at "
              + Address.text(address)
              + " cannot be read: "
              + e.getMessage(),
          e);
    }
    state.bad(piece.key(), "its bytes at " + Address.text(address) + " are missing");
    throw new UnreadableException(
        "Bytes of " + piece.key() + " at " + Address.text(address) + " are missing", null);
  }

  /** The extents with each moved one replaced by as much of its copies as it is long. */
  private static List<Extent> replace(List<Extent> extents, Map<Long, List<Extent>> moved) {
    List<Extent> out = new ArrayList<>();
    for (Extent e : extents) {
      List<Extent> copies = moved.get(e.address());
      if (copies == null) {
        out.add(e);
      } else {
        out.addAll(Ranges.prefix(copies, e.length()));
      }
    }
    return out;
  }
}
