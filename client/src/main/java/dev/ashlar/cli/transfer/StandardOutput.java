package dev.ashlar.cli.transfer;

import dev.ashlar.cli.Terminal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Raw bytes to standard output. Once it fails, as when its reader goes away, it takes no more. For
 * one thread; does not own the stream.
 */
public final class StandardOutput implements WritableByteChannel {
  private final WritableByteChannel bytes;
  private boolean open = true;

  public StandardOutput(Terminal terminal) {
    terminal.out().flush();
    bytes = terminal.bytes();
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    try {
      return bytes.write(source);
    } catch (IOException e) {
      open = false;
      throw e;
    }
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
  }
}
