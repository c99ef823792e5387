package dev.ashlar.chunkserver.store;

import java.io.IOException;
import java.util.List;

/**
 * The directory of segment files, behind a seam so that tests can fail, tear and forget what it
 * does. One thread changes it; any may read files.
 */
public interface DiskIo extends AutoCloseable {
  /** Names of the files there are. */
  List<String> list() throws IOException;

  /** Creates an empty file that must not exist. It is durable after {@link #syncDirectory}. */
  SegmentFile create(String name) throws IOException;

  SegmentFile open(String name) throws IOException;

  /** Removes a file; durable after {@link #syncDirectory}. */
  void delete(String name) throws IOException;

  void syncDirectory() throws IOException;

  /** Bytes of the whole file system. */
  long totalBytes() throws IOException;

  /** Bytes that this process may still write. */
  long usableBytes() throws IOException;

  @Override
  void close() throws IOException;
}
