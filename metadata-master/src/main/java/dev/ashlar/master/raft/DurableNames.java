package dev.ashlar.master.raft;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.CodeSource;
import java.util.Objects;
import org.apache.ratis.util.AtomicFileOutputStream;
import org.jspecify.annotations.Nullable;

/** Sees to it that the names of the library's files last: it never syncs a directory itself. */
final class DurableNames {
  private DurableNames() {}

  /**
   * The library's class of this name renames the file of its vote without syncing the directory, so
   * ours must be the one that is loaded.
   *
   * @throws AshlarException if it is not
   */
  static void require() throws AshlarException {
    if (!Objects.equals(origin(AtomicFileOutputStream.class), origin(DurableNames.class))) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "The class path is in the wrong order: "
              + AtomicFileOutputStream.class.getName()
              + " comes from "
              + origin(AtomicFileOutputStream.class)
              + ", which could lose this master's vote in a power cut. Put "
              + origin(DurableNames.class)
              + " before it");
    }
  }

  private static @Nullable Object origin(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    return source == null ? null : source.getLocation();
  }

  /** Makes the names of a directory last, and those of all between it and {@code top}. */
  static void sync(Path top, Path directory) throws IOException {
    for (Path at = directory; at != null && at.startsWith(top); at = at.getParent()) {
      try (FileChannel channel = FileChannel.open(at, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
