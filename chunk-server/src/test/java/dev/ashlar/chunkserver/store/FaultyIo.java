package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A real directory with faults put in front of it. */
record FaultyIo(DiskIo real, Faults faults) implements DiskIo {
  /** What goes wrong at present. Changed by the test, obeyed by the disk's thread. */
  static final class Faults {
    volatile boolean failSync;
    volatile boolean failWrite;
    volatile int failedSyncs;
    volatile int syncs;
    volatile long fullAfter = Long.MAX_VALUE;
    volatile long usable = Long.MAX_VALUE;
    volatile boolean punching = true;

    /** Changes made to files: writes, syncs, punches, deletions. */
    final AtomicInteger changes = new AtomicInteger();

    volatile boolean failRead;
    volatile int failedReads;

    /** Bytes behind what was written that count as part of a file until its writing ends. */
    volatile long padding;

    volatile boolean noRoomToPunch;
    volatile boolean noDescriptors;
    volatile int refusedPunches;
    volatile int channels;
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private volatile boolean held;

    void holdSync() {
      held = false;
      gate = new CountDownLatch(1);
    }

    boolean syncHeld() {
      return held;
    }

    void letSyncGo() {
      gate.countDown();
    }

    private void open() throws AshlarException {
      if (noDescriptors) {
        throw new AshlarException(ErrorCode.RETRY, "simulated: too many open files");
      }
    }
  }

  private record File(SegmentFile real, Faults faults) implements SegmentFile {
    @Override
    public long size() throws IOException {
      return real.size() + faults.padding;
    }

    @Override
    public long allocated() throws IOException {
      faults.open();
      return real.allocated();
    }

    @Override
    public void write(long position, ByteBuffer... parts) throws IOException {
      faults.changes.incrementAndGet();
      if (faults.failWrite) {
        throw new IOException("simulated: write failed");
      }
      long left = faults.fullAfter;
      for (ByteBuffer part : parts) {
        if (part.remaining() > left) {
          ByteBuffer some = part.slice(part.position(), (int) left);
          real.write(position, some);
          faults.fullAfter = 0;
          throw new NoSpaceException("simulated: full", new IOException("full"));
        }
        left -= part.remaining();
        int n = part.remaining();
        real.write(position, part);
        position += n;
      }
      faults.fullAfter = left;
    }

    @Override
    public void handOn() throws IOException {
      real.handOn();
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // Only one thread reads while reads fail.
    public int read(ByteBuffer into, long position) throws IOException {
      if (faults.failRead) {
        faults.failedReads++;
        throw new IOException("simulated: read failed");
      }
      faults.open();
      return real.read(into, position);
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread counts.
    public void sync() throws IOException {
      faults.changes.incrementAndGet();
      faults.syncs++;
      faults.held = true;
      try {
        if (!faults.gate.await(30, TimeUnit.SECONDS)) {
          throw new IOException("Nobody let the sync go");
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      if (faults.failSync) {
        faults.failedSyncs++;
        throw new IOException("simulated: sync failed");
      }
      real.sync();
    }

    @Override
    public void truncate(long size) throws IOException {
      real.truncate(size);
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread counts.
    public boolean punch(long position, long length) throws IOException {
      faults.changes.incrementAndGet();
      if (faults.noDescriptors || faults.noRoomToPunch) {
        faults.refusedPunches++;
        faults.open();
        throw new NoSpaceException("simulated: full");
      }
      return faults.punching && real.punch(position, length);
    }

    @Override
    public void forget(long position, long length) throws IOException {
      faults.open();
      real.forget(position, length);
    }

    @Override
    public void endWriting() throws IOException {
      real.endWriting();
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread sends.
    public FileChannel channel() throws IOException {
      faults.open();
      FileChannel channel = real.channel();
      faults.channels++;
      return channel;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread sends.
    public void release() {
      faults.channels--;
      real.release();
    }

    @Override
    public void close() throws IOException {
      real.close();
    }
  }

  @Override
  public List<String> list() throws IOException {
    return real.list();
  }

  @Override
  public SegmentFile create(String name) throws IOException {
    faults.changes.incrementAndGet();
    faults.open();
    return new File(real.create(name), faults);
  }

  @Override
  public SegmentFile open(String name) throws IOException {
    return new File(real.open(name), faults);
  }

  @Override
  public void delete(String name) throws IOException {
    faults.changes.incrementAndGet();
    real.delete(name);
  }

  @Override
  public void syncDirectory() throws IOException {
    real.syncDirectory();
  }

  @Override
  public long totalBytes() throws IOException {
    return real.totalBytes();
  }

  @Override
  public long usableBytes() throws IOException {
    return Math.min(faults.usable, real.usableBytes());
  }

  @Override
  public void close() throws IOException {
    real.close();
  }
}
