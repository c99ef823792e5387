package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * Writes a new file as a whole: nobody sees anything of it before {@link #commit}, and all of it
 * after. For one thread at a time.
 */
public interface FileWriter extends WritableByteChannel {
  /** Takes all remaining bytes; blocks while too many are on their way. */
  @Override
  int write(ByteBuffer source) throws AshlarException;

  /**
   * Takes bytes until {@code source} ends, at most {@code limit}.
   *
   * @return bytes taken
   * @throws IOException as an AshlarException if the store fails, else from the source
   */
  long transferFrom(ReadableByteChannel source, long limit) throws IOException;

  /** As {@link #transferFrom(ReadableByteChannel, long)} to the end of the source. */
  default long transferFrom(ReadableByteChannel source) throws IOException {
    return transferFrom(source, Long.MAX_VALUE);
  }

  /** Bytes taken so far. */
  long size();

  /**
   * Returns once every byte and the name are durable. Nothing can be written after it.
   *
   * @throws AshlarException if nothing was changed, except TIMEOUT: then look whether the file is
   *     there
   */
  Attr commit() throws AshlarException;

  /** Without a commit before, the file never was. Does not fail. */
  @Override
  void close();
}
