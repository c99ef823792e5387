package dev.ashlar.chunkserver.store;

import java.util.LinkedHashSet;

/**
 * Which segments of a disk have a channel for reading that nobody uses: of more than so many, the
 * one that was used longest ago is closed. Thread-safe.
 */
final class OpenReaders {
  private final int most;

  /** The one used last is the last. A file that is used again meanwhile may be among them. */
  private final LinkedHashSet<RealSegmentFile> unused = new LinkedHashSet<>();

  OpenReaders(int most) {
    this.most = most;
  }

  /** A file's last user has let go of it. The caller holds no lock of a file. */
  void unused(RealSegmentFile file) {
    RealSegmentFile oldest;
    synchronized (this) {
      unused.addLast(file);
      oldest = unused.size() > most ? unused.removeFirst() : null;
    }
    if (oldest != null) {
      oldest.closeUnused();
    }
  }

  /** A file that is closed for good. */
  synchronized void forget(RealSegmentFile file) {
    unused.remove(file);
  }
}
