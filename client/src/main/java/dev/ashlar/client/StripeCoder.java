package dev.ashlar.client;

import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Policy;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Makes parity and slice checksums of one stripe of a batch, while its bytes are still in the
 * cache. For one thread.
 */
final class StripeCoder {
  private final Policy policy;
  private final ErasureCode code;
  private final CRC32C crc = new CRC32C();
  private final @Nullable MemorySegment[] data;
  private final @Nullable MemorySegment[] parity;

  StripeCoder(Policy policy, ErasureCode code) {
    this.policy = policy;
    this.code = code;
    this.data = new MemorySegment[policy.k()];
    this.parity = new MemorySegment[policy.m()];
  }

  /** Codes stripe {@code stripe} of the batch, which has bytes; the last one may be partial. */
  void code(Batch batch, int stripe) {
    int cell = policy.cellBytes();
    int bytes = Math.min(policy.stripeBytes(), batch.bytes() - stripe * policy.stripeBytes());
    int length = Math.min(cell, bytes);
    int at = stripe * cell;
    for (int j = 0; j < policy.k(); j++) {
      int own = Math.max(0, Math.min(cell, bytes - j * cell));
      data[j] = null;
      if (own > 0) {
        Piece piece = batch.piece(j);
        piece.zero(at + own, at + length);
        data[j] = piece.segment().asSlice(at, length);
        checksum(piece, at, own, batch.crcs(j));
      }
    }
    for (int p = 0; p < policy.m(); p++) {
      parity[p] = batch.piece(policy.k() + p).segment().asSlice(at, length);
    }
    code.encode(data, parity, length);
    for (int p = 0; p < policy.m(); p++) {
      int i = policy.k() + p;
      checksum(batch.piece(i), at, length, batch.crcs(i));
    }
  }

  /** All stripes of a batch again, because only its data was kept. */
  void codeAll(Batch batch) {
    for (int s = 0; (long) s * policy.stripeBytes() < batch.bytes(); s++) {
      code(batch, s);
    }
  }

  private void checksum(Piece piece, int at, int length, int[] crcs) {
    ByteBuffer bytes = piece.view(at, length);
    int slice = at / BlockLayout.SLICE_BYTES;
    for (int done = 0; done < length; done += BlockLayout.SLICE_BYTES) {
      bytes.limit(Math.min(length, done + BlockLayout.SLICE_BYTES)).position(done);
      crc.reset();
      crc.update(bytes);
      crcs[slice++] = (int) crc.getValue();
    }
  }
}
