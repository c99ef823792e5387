package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A put of a file that may turn out to be small: its bytes are kept in memory until it is
 * committed, to share a chunk with others. One that becomes too large for that is written like any
 * other.
 */
final class SmallWriter implements FileWriter {
  /** Room at first if the size is not known. */
  private static final int FIRST_ROOM = 8 << 10;

  private final ClientServices services;
  private final Packer packer;
  private final long parent;
  private final String fileName;
  private final StageOptions options;
  private final int most;
  private ByteBuffer held;
  private @Nullable StagedWriter large;
  private boolean open = true;
  private boolean committed;

  SmallWriter(
      ClientServices services, Packer packer, long parent, String fileName, StageOptions options) {
    this.services = services;
    this.packer = packer;
    this.parent = parent;
    this.fileName = fileName;
    this.options = options;
    this.most = services.config().packBytes();
    int expected = options.expectedSize() < 0 ? FIRST_ROOM : (int) options.expectedSize();
    // One byte more than expected, and than is kept: so the end of the source is met.
    this.held = ByteBuffer.allocate(Math.min(most, expected) + 1);
  }

  @Override
  public int write(ByteBuffer source) throws AshlarException {
    checkOpen();
    int count = source.remaining();
    if (large == null && count > most - held.position()) {
      grow();
    }
    if (large != null) {
      return large.write(source);
    }
    ensure(held.position() + count);
    held.put(source);
    return count;
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long limit) throws IOException {
    checkOpen();
    long total = 0;
    while (large == null && total < limit) {
      ensure(held.position() + 1);
      ByteBuffer room =
          held.slice(held.position(), (int) Math.min(held.remaining(), limit - total));
      int count = source.read(room);
      if (count < 0) {
        return total;
      }
      held.position(held.position() + count);
      total += count;
      if (held.position() > most) {
        grow();
      }
    }
    return large == null ? total : total + large.transferFrom(source, limit - total);
  }

  private void ensure(int bytes) {
    if (bytes > held.capacity()) {
      ByteBuffer larger =
          ByteBuffer.allocate(Math.min(most + 1, Math.max(bytes, 2 * held.capacity())));
      held = larger.put(held.flip());
    }
  }

  /** It is too large to be kept in memory. */
  private void grow() throws AshlarException {
    StagedWriter writer = StagedWriter.start(services, parent, fileName, options);
    try {
      var _ = writer.write(held.flip());
    } catch (AshlarException e) {
      writer.close();
      throw e;
    }
    large = writer;
    held = ByteBuffer.allocate(0);
  }

  @Override
  public long size() {
    return large == null ? held.position() : large.size();
  }

  @Override
  public Attr commit() throws AshlarException {
    checkOpen();
    try {
      Attr attr =
          large == null
              ? packer.put(
                  new SmallFile(parent, fileName, options, held.flip(), new CompletableFuture<>()))
              : large.commit();
      committed = true;
      return attr;
    } finally {
      close(); // the outcome of a commit that failed may be unknown: there is no second one
    }
  }

  private void checkOpen() throws AshlarException {
    if (!open) {
      throw StagedWriter.ended(StagedWriter.name(parent, fileName), committed);
    }
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
    if (large != null) {
      large.close();
    }
  }
}
