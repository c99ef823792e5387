package dev.ashlar.cli.fsck;

import dev.ashlar.cli.Program;
import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.BlockPlace;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads every byte of every block of a chunk, checks it against the checksums that the writer
 * committed, and compares parity with data. Holds one window of each block in memory. Thread-safe.
 */
final class StripeVerifier {
  /** Bytes of each block looked at together: a multiple of every cell size. */
  private static final int WINDOW = 1 << 20;

  private static final int SLICE = BlockLayout.SLICE_BYTES;

  /** Reads a range of a block; answered by {@link ChunkReply.BlockData}. */
  @FunctionalInterface
  interface Source {
    RpcReply read(String server, long disk, BlockKey block, long offset, int length)
        throws AshlarException;
  }

  private final Source source;
  private final Map<String, ErasureCode> codes = new ConcurrentHashMap<>();

  StripeVerifier(Source source) {
    this.source = source;
  }

  private static ErasureCode code(Policy p) {
    return switch (p.kind()) {
      case RS -> ErasureCode.reedSolomon(p.k(), p.m());
      case XOR -> ErasureCode.xor(p.k());
      case MIRROR -> ErasureCode.mirror(p.width());
    };
  }

  /**
   * Checks one chunk.
   *
   * @return one sentence for each thing that is wrong; blocks that are known to be nowhere are no
   *     news and are left out
   * @throws AshlarException with VERSION_GONE if the chunk was replaced meanwhile
   */
  List<String> verify(String policyText, ChunkPlace c) throws AshlarException {
    Policy policy = Policy.parse(policyText);
    ErasureCode code = codes.computeIfAbsent(policyText, _ -> code(policy));
    List<String> wrong = new ArrayList<>();
    Block[] blocks = new Block[policy.width()];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = new Block(c, i, BlockLayout.blockLength(policy, c.storedLength(), i));
    }
    try (Arena arena = Arena.ofShared()) {
      int window = (int) Math.min(WINDOW, roundUp(blocks[0].length));
      @Nullable MemorySegment[] memory = new @Nullable MemorySegment[blocks.length];
      for (int i = 0; i < blocks.length; i++) {
        memory[i] = blocks[i].length == 0 ? null : arena.allocate(Math.max(1, window), 64);
      }
      for (long offset = 0; offset < blocks[0].length; offset += window) {
        window(policy, code, blocks, memory, offset, window, wrong);
      }
    }
    for (Block b : blocks) {
      b.checkRoot(wrong);
    }
    return wrong;
  }

  private static long roundUp(long length) {
    return (length + SLICE - 1) / SLICE * SLICE;
  }

  private void window(
      Policy policy,
      ErasureCode code,
      Block[] blocks,
      @Nullable MemorySegment[] memory,
      long offset,
      int window,
      List<String> wrong)
      throws AshlarException {
    boolean whole = true;
    for (int i = 0; i < blocks.length; i++) {
      MemorySegment m = memory[i];
      if (m != null) {
        whole &= blocks[i].fill(source, m, offset, window, wrong);
      }
    }
    if (!whole) {
      return; // what could not be read is told of already, and without it there is nothing to
      // compare
    }
    long length = Math.min(window, blocks[0].length - offset);
    @Nullable MemorySegment[] data = new @Nullable MemorySegment[policy.k()];
    @Nullable MemorySegment[] parity = new @Nullable MemorySegment[policy.m()];
    System.arraycopy(memory, 0, data, 0, policy.k());
    System.arraycopy(memory, policy.k(), parity, 0, policy.m());
    int bad = code.firstBadParity(data, parity, length);
    if (bad >= 0) {
      wrong.add(
          "parity block "
              + (policy.k() + bad)
              + " does not follow from the data between bytes "
              + offset
              + " and "
              + (offset + length)
              + " of the blocks");
    }
  }

  /** One block while it is read from its start to its end. For one thread. */
  private static final class Block {
    private final ChunkPlace chunk;
    private final int index;
    private final long length;
    private final int[] crcs;
    private boolean failed;

    Block(ChunkPlace chunk, int index, long length) {
      this.chunk = chunk;
      this.index = index;
      this.length = length;
      crcs = new int[BlockLayout.slices(length)];
    }

    private BlockPlace place() {
      return chunk.blocks().get(index);
    }

    /**
     * Fills the window with the block's bytes, zeros behind its end.
     *
     * @return false if they cannot be had, which is added to {@code wrong} unless it is known
     */
    boolean fill(Source source, MemorySegment memory, long offset, int window, List<String> wrong)
        throws AshlarException {
      if (failed || !place().reachable()) {
        failed = true;
        return false;
      }
      int wanted = (int) Math.max(0, Math.min(window, length - offset));
      try {
        if (wanted > 0) {
          read(source, memory, offset, wanted);
        }
        memory.asSlice(wanted, window - wanted).fill((byte) 0);
        return true;
      } catch (AshlarException e) {
        if (e.code() == ErrorCode.VERSION_GONE) {
          throw e;
        }
        failed = true;
        wrong.add(
            "block "
                + index
                + " on "
                + place().server()
                + ", disk "
                + Long.toHexString(place().disk())
                + ": "
                + Program.explain(e));
        return false;
      }
    }

    private void read(Source source, MemorySegment memory, long offset, int wanted)
        throws AshlarException {
      try (RpcReply reply =
          source.read(
              place().server(),
              place().disk(),
              new BlockKey(chunk.chunk(), chunk.version(), index),
              offset,
              wanted)) {
        ByteBuf payload = reply.payload();
        if (!(reply.message() instanceof ChunkReply.BlockData d)
            || d.offset() != offset
            || payload.readableBytes() != wanted) {
          throw new AshlarException(
              ErrorCode.CORRUPT, "the server answered with other bytes than were asked for");
        }
        ByteBuffer bytes = memory.asSlice(0, wanted).asByteBuffer();
        payload.getBytes(payload.readerIndex(), bytes);
        int[] computed = Checksums.slices(bytes.flip());
        for (int i = 0; i < computed.length; i++) {
          if (i >= d.crcs().length || d.crcs()[i] != computed[i]) {
            throw new AshlarException(
                ErrorCode.CORRUPT,
                "the bytes from "
                    + (offset + (long) i * SLICE)
                    + " on do not match their checksum");
          }
        }
        System.arraycopy(computed, 0, crcs, (int) (offset / SLICE), computed.length);
      }
    }

    /** The slices together must be what the writer committed. */
    void checkRoot(List<String> wrong) {
      if (length > 0
          && !failed
          && Checksums.root(crcs, crcs.length, length) != chunk.roots()[index]) {
        wrong.add(
            "block "
                + index
                + " on "
                + place().server()
                + ", disk "
                + Long.toHexString(place().disk())
                + " holds bytes other than the writer committed");
      }
    }
  }
}
