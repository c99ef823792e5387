package dev.ashlar.cli.transfer;

import dev.ashlar.cli.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** A target whose bytes are counted as they arrive. Does not own the channel. */
record CountedTarget(WritableByteChannel target, Progress progress) implements WritableByteChannel {
  @Override
  public int write(ByteBuffer source) throws IOException {
    int n = target.write(source);
    progress.bytes(n);
    return n;
  }

  @Override
  public boolean isOpen() {
    return target.isOpen();
  }

  @Override
  public void close() {}
}
