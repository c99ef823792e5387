package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the chunks of one version of a file, or of a pack, are, fetched in pages as they are
 * needed. Thread-safe.
 */
final class Layout {
  /** Chunks asked for at a time. */
  private static final int PAGE = 256;

  /** Pages kept; of files larger than that some are fetched again. */
  private static final int MOST_PAGES = 64;

  private final MasterClient masters;
  private final String name;
  private final Attr attr;
  private final int mostPages;
  private final Map<Integer, Map<Integer, ChunkPlace>> pages =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Map<Integer, ChunkPlace>> eldest) {
          return size() > mostPages;
        }
      };

  /**
   * The chunks of a version.
   *
   * @param name for messages
   * @param chunks of the first page
   */
  Layout(MasterClient masters, String name, Attr attr, List<ChunkPlace> chunks) {
    this(masters, name, attr, chunks, MOST_PAGES);
  }

  /** One that keeps fewer or more pages. */
  Layout(MasterClient masters, String name, Attr attr, List<ChunkPlace> chunks, int mostPages) {
    this.masters = masters;
    this.name = name;
    this.attr = attr;
    this.mostPages = mostPages;
    put(0, chunks);
  }

  /** The present version of a file, pinned for this client. */
  static MasterReply.Layout fetch(MasterClient masters, String name, long inode)
      throws AshlarException {
    MasterReply.Layout first = fetch(masters, inode);
    FileType type = first.attr().type();
    if (type != FileType.FILE) {
      throw new AshlarException(
          type == FileType.DIRECTORY ? ErrorCode.IS_DIRECTORY : ErrorCode.INVALID,
          name
              + " is a "
              + switch (type) {
                case FILE -> "file";
                case DIRECTORY -> "directory";
                case SYMLINK -> "symbolic link";
                case PACK -> "pack";
              }
              + ": it has no content to read");
    }
    return first;
  }

  /** The same of whatever has this inode. */
  static MasterReply.Layout fetch(MasterClient masters, long inode) throws AshlarException {
    return fetch(masters, inode, 0);
  }

  private static MasterReply.Layout fetch(MasterClient masters, long inode, int page)
      throws AshlarException {
    return masters.query(
        new MasterRequest.GetLayout(inode, page * PAGE, PAGE, masters.clientId()),
        MasterReply.Layout.class);
  }

  /** The chunk at this index, null if it is a hole. */
  @Nullable ChunkPlace chunk(int index) throws AshlarException {
    int page = index / PAGE;
    Map<Integer, ChunkPlace> known = known(page);
    if (known == null) {
      known = fetched(page); // it may be evicted at once, which does not make a hole of it
    }
    return known.get(index);
  }

  private synchronized @Nullable Map<Integer, ChunkPlace> known(int page) {
    return pages.get(page);
  }

  /**
   * Asks again where this chunk and its neighbours are. CONFLICT if the file is no longer the
   * version that is being read.
   */
  void refresh(int index) throws AshlarException {
    var _ = fetched(index / PAGE);
  }

  private Map<Integer, ChunkPlace> fetched(int page) throws AshlarException {
    MasterReply.Layout fresh;
    try {
      fresh = fetch(masters, attr.inode(), page);
    } catch (AshlarException e) {
      throw e.code() == ErrorCode.NOT_FOUND ? changed("removed", e) : e;
    }
    if (fresh.attr().version() != attr.version()) {
      throw changed("changed", null);
    }
    return put(page, fresh.chunks());
  }

  private AshlarException changed(String how, @Nullable AshlarException cause) {
    String message =
        name + " was " + how + " while it was being read: open it again and start over";
    return cause == null
        ? new AshlarException(ErrorCode.CONFLICT, message)
        : new AshlarException(ErrorCode.CONFLICT, message, cause);
  }

  private synchronized Map<Integer, ChunkPlace> put(int page, List<ChunkPlace> chunks) {
    Map<Integer, ChunkPlace> byIndex = new HashMap<>();
    chunks.forEach(chunk -> byIndex.put(chunk.index(), chunk));
    pages.put(page, byIndex);
    return byIndex;
  }
}
