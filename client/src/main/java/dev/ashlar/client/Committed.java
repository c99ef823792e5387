package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import java.nio.ByteBuffer;

/** Reads what a file has at present. */
@FunctionalInterface
interface Committed {
  /**
   * Fills {@code target} with the bytes of the file from {@code offset}; those past its end are
   * zeros.
   */
  void read(long offset, ByteBuffer target) throws AshlarException;
}
