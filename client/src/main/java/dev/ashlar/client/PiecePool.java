package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The off-heap memory of all writers of a client, in pieces of a power of two, never more than its
 * limit. Pieces are used again without being cleared. Thread-safe.
 */
final class PiecePool {
  private static final int PAGE = 4096;
  private static final int SMALLEST = 16 << 10;

  /** Something that holds pieces only in case they are needed once more. */
  interface Keepsake {
    /** Lets go of the pieces, on any thread. Returns false if it needs them after all. */
    boolean drop();
  }

  private final long limit;
  private final ArrayDeque<ByteBuffer>[] free = newLists();
  private final Set<Keepsake> keepsakes = new LinkedHashSet<>();
  private long borrowed;
  private long reserved;
  private long spare;
  private long idle;

  PiecePool(long limit) {
    this.limit = limit;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static ArrayDeque<ByteBuffer>[] newLists() {
    ArrayDeque<ByteBuffer>[] lists = new ArrayDeque[32];
    for (int i = 0; i < lists.length; i++) {
      lists[i] = new ArrayDeque<>();
    }
    return lists;
  }

  /**
   * Bytes that from now on are left for those who need them urgently; the largest such wish counts.
   */
  synchronized void spare(long bytes) {
    spare = Math.max(spare, bytes);
  }

  /**
   * Sets memory aside for {@code count} pieces of at least {@code bytes}: for all of them, or for
   * none if there is no room now, keepsakes notwithstanding. Who holds some pieces and waits for
   * more keeps others waiting, who may do the same.
   *
   * @param urgent whether it may be what is spared: only for bytes that go out at once
   */
  boolean tryReserve(int count, int bytes, boolean urgent) {
    long size = (long) count * sizeFor(bytes);
    while (true) {
      Keepsake victim;
      synchronized (this) {
        long held = borrowed + reserved;
        if (held + size + (urgent || held == 0 ? 0 : spare) <= limit) {
          reserved += size;
          return true;
        }
        Iterator<Keepsake> oldest = keepsakes.iterator();
        if (!oldest.hasNext()) {
          return false;
        }
        victim = oldest.next();
        oldest.remove();
      }
      var _ = victim.drop();
    }
  }

  /** Gives up what was reserved for {@code count} pieces. */
  synchronized void unreserve(int count, int bytes) {
    reserved -= (long) count * sizeFor(bytes);
  }

  /** At least {@code bytes} of memory with any content, for which one piece was reserved. */
  synchronized Piece borrow(int bytes) {
    int size = sizeFor(bytes);
    reserved -= size;
    return new Piece(this, take(size));
  }

  private ByteBuffer take(int size) {
    ByteBuffer memory = free[log(size)].poll();
    if (memory == null) {
      for (int i = free.length - 1; idle + borrowed + size > limit && i >= 0; i--) {
        while (idle + borrowed + size > limit && !free[i].isEmpty()) {
          idle -= free[i].pop().capacity(); // the collector frees it
        }
      }
      memory = ByteBuffer.allocateDirect(size + PAGE).alignedSlice(PAGE).slice(0, size);
    } else {
      idle -= size;
    }
    borrowed += size;
    return memory;
  }

  synchronized void giveBack(ByteBuffer memory) {
    borrowed -= memory.capacity();
    idle += memory.capacity();
    free[log(memory.capacity())].push(memory); // last in, first out: likely still in the cache
  }

  /** From now on the keepsake can be dropped when memory is short, oldest first. */
  synchronized void keep(Keepsake keepsake) {
    keepsakes.add(keepsake);
  }

  /** The keepsake is over, or needed. */
  synchronized void forget(Keepsake keepsake) {
    keepsakes.remove(keepsake);
  }

  /** Bytes lent or reserved at present. */
  synchronized long held() {
    return borrowed + reserved;
  }

  AshlarException exhausted() {
    return new AshlarException(
        ErrorCode.RETRY,
        "The "
            + (limit >> 20)
            + " MiB for transfers are all in use by other files open for writing: close some, or give the client more memory");
  }

  /** The size of a piece that has {@code bytes}. */
  static int sizeFor(int bytes) {
    return Math.max(SMALLEST, Integer.highestOneBit(Math.max(1, bytes - 1)) << 1);
  }

  private static int log(int size) {
    return Integer.numberOfTrailingZeros(size);
  }
}
