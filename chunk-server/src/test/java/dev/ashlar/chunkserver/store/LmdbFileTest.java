package dev.ashlar.chunkserver.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.LmdbFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;

/** Page numbers of a damaged file, which nothing may be believed of. */
class LmdbFileTest {
  /** Of the root of the main table in each of the first two pages, behind the free table's. */
  private static final int ROOT_AT = 16 + 24 + 48 + 40;

  /** A value that has pages of its own. */
  private static final int LONG_KEY = 0x41424344;

  private static final int LONG_BYTES = 10_000;

  private Path file = Path.of("");

  @BeforeEach
  void write(@TempDir Path dir) {
    file = dir.resolve("data.mdb");
    try (Env<ByteBuffer> env =
        Env.create()
            .setMapSize(1 << 20)
            .setMaxDbs(1)
            .open(file.toFile(), EnvFlags.MDB_NOSUBDIR, EnvFlags.MDB_NOLOCK)) {
      Dbi<ByteBuffer> table = env.openDbi("table", DbiFlags.MDB_CREATE);
      for (int i = 0; i < 3; i++) {
        table.put(number(i), number(100 + i));
      }
      table.put(number(LONG_KEY), ByteBuffer.allocateDirect(LONG_BYTES));
    }
  }

  private static ByteBuffer number(int n) {
    return ByteBuffer.allocateDirect(4).putInt(n).flip();
  }

  @Test
  void everyEntryIsVisited() throws IOException {
    Map<Integer, Integer> met = new HashMap<>();
    LmdbFile.check(
        file,
        (table, key, value) ->
            met.put(ByteBuffer.wrap(key).getInt(), ByteBuffer.wrap(value).getInt()));
    assertEquals(Map.of(0, 100, 1, 101, 2, 102, LONG_KEY, 0), met);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, 1L << 62, (1L << 32) + 2, Integer.MAX_VALUE, 1, -2})
  void aPageThatCannotBeIsDamage(long page) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer size = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(size, 16 + 24);
      ByteBuffer root = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, page);
      channel.write(root.duplicate(), ROOT_AT);
      channel.write(root.duplicate(), size.getInt(0) + ROOT_AT);
    }
    damaged(page);
  }

  /** The end of such a value would lie behind the largest number there is. */
  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE - 1, Integer.MAX_VALUE, 1})
  void aPageOfALongValueThatCannotBeIsDamage(long page) throws IOException {
    ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int key = 0;
    while (all.getInt(key) != Integer.reverseBytes(LONG_KEY)) {
      key++;
    }
    all.putLong(key + Integer.BYTES, page);
    Files.write(file, all.array());
    damaged(page);
  }

  private void damaged(long page) {
    LmdbFile.Damaged damaged =
        assertThrows(LmdbFile.Damaged.class, () -> LmdbFile.check(file, (table, key, value) -> {}));
    String said = String.valueOf(damaged.getMessage());
    assertTrue(said.contains("page " + page + " of " + file), said);
  }
}
