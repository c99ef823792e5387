package dev.ashlar.cli.transfer;

import dev.ashlar.cli.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** A source whose bytes are counted as they are taken. Does not own the channel. */
record CountedSource(ReadableByteChannel source, Progress progress) implements ReadableByteChannel {
  @Override
  public int read(ByteBuffer target) throws IOException {
    int n = source.read(target);
    if (n > 0) {
      progress.bytes(n);
    }
    return n;
  }

  @Override
  public boolean isOpen() {
    return source.isOpen();
  }

  @Override
  public void close() {}
}
