package dev.ashlar.chunkserver.store;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.LmdbFile;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads all of an index that is not open, without LMDB, which follows every page number wherever it
 * leads. Beyond its pages, every entry must match its checksum, and the blocks by group must be the
 * blocks. One thread.
 */
final class IndexCheck implements LmdbFile.Visitor {
  /** Of all blocks less those listed by group; 0 if they are the same, as good as surely. */
  private long difference;

  private IndexCheck() {}

  /** What is wrong with the index in this file: a part of a sentence; null if nothing. */
  static @Nullable String fault(Path file) {
    try {
      IndexCheck check = new IndexCheck();
      LmdbFile.check(file, check);
      return check.difference == 0 ? null : file + " lists other blocks by group than it has";
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Override
  public void entry(String table, byte[] key, byte[] value) throws IOException {
    if (!table.equals(LmdbStore.TABLE)) {
      throw new LmdbFile.Damaged("there is an unknown table in the index");
    }
    switch (key[0]) {
      case IndexKeys.BLOCK -> {
        require(key.length == 19);
        BlockKey block = IndexKeys.blockOf(key);
        difference += mixed(BlockIndex.decode(block, key, value).group(), block);
      }
      case IndexKeys.GROUP -> {
        require(key.length == 27 && value.length == 0);
        difference -= mixed(IndexKeys.longAfterTable(key), IndexKeys.blockOf(key));
      }
      case IndexKeys.FENCE, IndexKeys.META -> BlockIndex.requireSound(key, value);
      default -> throw new LmdbFile.Damaged("an entry of the index has an unknown key");
    }
  }

  private static void require(boolean sound) throws LmdbFile.Damaged {
    if (!sound) {
      throw new LmdbFile.Damaged("an entry of the index has a damaged key");
    }
  }

  /** Spreads every bit over all others, so that sums of different entries differ. */
  private static long mixed(long group, BlockKey block) {
    long h = 0x9E3779B97F4A7C15L;
    for (long part : new long[] {group, block.chunk(), block.version(), block.index()}) {
      h = (h ^ part) * 0xFF51AFD7ED558CCDL;
      h ^= h >>> 32;
      h *= 0xC4CEB9FE1A85EC53L;
      h ^= h >>> 29;
    }
    return h;
  }
}
