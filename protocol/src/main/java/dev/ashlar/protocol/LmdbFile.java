package dev.ashlar.protocol;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Looks through a closed LMDB data file for damage, without LMDB: its pages have no checksums, so a
 * flipped bit in one can hide keys from look-ups, and a wild page number kills the process that
 * follows it. Every page that can be reached is visited once: page numbers, offsets and lengths lie
 * within the file, keys rise and lie between the keys of the pages above, counts are what the roots
 * say, and free pages are free. What the values must look like is up to the caller.
 *
 * <p>Memory is bounded by the page and one value, and a bit for each page of the file. One thread.
 */
public final class LmdbFile implements AutoCloseable {
  private static final int META_MAGIC = 0xBEEFC0DE;
  private static final int HEADER = 16;
  private static final int NODE = 8;
  private static final int BRANCH = 1;
  private static final int LEAF = 2;
  private static final int OVERFLOW = 4;
  private static final int META = 8;
  private static final int BIG_DATA = 1;
  private static final int SUB_DATA = 2;
  private static final int INTEGER_KEY = 8;
  private static final int DB_BYTES = 48;
  private static final int MAX_DEPTH = 32;
  private static final long NO_PAGE = -1;
  private static final int MIN_PAGE = 512;
  private static final int MAX_PAGE = 64 << 10;

  /** Bytes that are no sound LMDB file. The message says what and where. */
  public static final class Damaged extends IOException {
    private static final long serialVersionUID = 1L;

    public Damaged(String message) {
      super(message);
    }
  }

  /** Looks at an entry of a named table; throws {@link Damaged} if it cannot be right. */
  @FunctionalInterface
  public interface Visitor {
    void entry(String table, byte[] key, byte[] value) throws IOException;
  }

  /** A tree: where it begins and what it should have. */
  private record Tree(int flags, int depth, long entries, long root) {
    static Tree at(ByteBuffer b, int p) {
      return new Tree(
          b.getShort(p + 4) & 0xFFFF,
          b.getShort(p + 6) & 0xFFFF,
          b.getLong(p + 32),
          b.getLong(p + 40));
    }
  }

  @FunctionalInterface
  private interface Leaf {
    void entry(byte[] key, byte[] value, boolean table) throws IOException;
  }

  private final Path file;
  private final FileChannel channel;
  private final BitSet seen = new BitSet();
  private int pageBytes;
  private long pages;
  private long lastPage;

  private LmdbFile(Path file) throws IOException {
    this.file = file;
    channel = FileChannel.open(file, StandardOpenOption.READ);
  }

  /**
   * Visits everything in a file that nobody has open for writing.
   *
   * @throws Damaged if it is no sound LMDB file, or if the visitor says so
   */
  public static void check(Path file, Visitor visitor) throws IOException {
    try (LmdbFile open = new LmdbFile(file)) {
      open.check(visitor);
    }
  }

  private void check(Visitor visitor) throws IOException {
    ByteBuffer meta = newestMeta();
    lastPage = meta.getLong(HEADER + 24 + 2 * DB_BYTES);
    Tree free = Tree.at(meta, HEADER + 24);
    Tree main = Tree.at(meta, HEADER + 24 + DB_BYTES);
    seen.set(0, 2);
    walk(
        main,
        (key, value, table) -> {
          if (!table || value.length != DB_BYTES) {
            throw new Damaged("an entry that is no table lies among the tables of " + file);
          }
          String name = new String(key, StandardCharsets.UTF_8);
          walk(
              Tree.at(little(value), 0),
              (k, v, nested) -> {
                if (nested) {
                  throw new Damaged("a table lies among the entries of " + name + " in " + file);
                }
                visitor.entry(name, k, v);
              });
        });
    walk(new Tree(INTEGER_KEY, free.depth, free.entries, free.root), this::freed);
  }

  /** A list of free pages: a count, then page numbers. None of them may be in use. */
  private void freed(byte[] key, byte[] value, boolean table) throws IOException {
    ByteBuffer list = little(value);
    if (table || value.length < 8 || list.getLong(0) != value.length / 8 - 1) {
      throw new Damaged("a list of free pages of " + file + " does not fit its length");
    }
    for (int p = 8; p + 8 <= value.length; p += 8) {
      long page = list.getLong(p);
      if (page < 2 || page > lastPage || page >= Integer.MAX_VALUE || seen.get((int) page)) {
        throw new Damaged("page " + page + " of " + file + " counts as free, but cannot be");
      }
      seen.set((int) page);
    }
  }

  private ByteBuffer newestMeta() throws IOException {
    ByteBuffer first = read(0, MIN_PAGE);
    pageBytes = first.getInt(HEADER + 24);
    if (pageBytes < MIN_PAGE || pageBytes > MAX_PAGE || Integer.bitCount(pageBytes) != 1) {
      throw new Damaged("the first page of " + file + " is damaged");
    }
    pages = channel.size() / pageBytes;
    if (pages < 2 || pages > Integer.MAX_VALUE) {
      throw new Damaged(file + " has " + channel.size() + " bytes, which cannot be");
    }
    ByteBuffer second = read(pageBytes, MIN_PAGE);
    requireMeta(first, 0);
    requireMeta(second, 1);
    int txnAt = HEADER + 24 + 2 * DB_BYTES + 8;
    long one = first.getLong(txnAt);
    long two = second.getLong(txnAt);
    if (one != two && Math.abs(one - two) > 1 || one < 0 || two < 0) {
      throw new Damaged("the first pages of " + file + " do not belong together");
    }
    return two > one ? second : first;
  }

  private void requireMeta(ByteBuffer meta, int number) throws IOException {
    if ((meta.getShort(10) & META) == 0
        || meta.getLong(0) != number
        || meta.getInt(HEADER) != META_MAGIC
        || meta.getInt(HEADER + 4) != 1
        || meta.getInt(HEADER + 24) != pageBytes
        || meta.getLong(HEADER + 24 + 2 * DB_BYTES) < 1) {
      throw new Damaged("page " + number + " of " + file + " is damaged");
    }
  }

  private void walk(Tree tree, Leaf leaf) throws IOException {
    if (tree.root == NO_PAGE) {
      if (tree.entries != 0 || tree.depth != 0) {
        throw new Damaged("an empty table of " + file + " counts entries");
      }
      return;
    }
    if (tree.depth < 1 || tree.depth > MAX_DEPTH) {
      throw new Damaged("a table of " + file + " is " + tree.depth + " pages deep");
    }
    Walk walk = new Walk(tree, leaf);
    walk.page(tree.root, 1, null, null);
    if (walk.entries != tree.entries) {
      throw new Damaged(
          "a table of " + file + " has " + walk.entries + " entries instead of " + tree.entries);
    }
  }

  /** One tree, in order of its keys. */
  private final class Walk {
    private final Tree tree;
    private final Leaf leaf;
    private long entries;
    private byte @Nullable [] last;

    Walk(Tree tree, Leaf leaf) {
      this.tree = tree;
      this.leaf = leaf;
    }

    /**
     * @param from lowest key that may lie here, null for any
     * @param to key that everything here is below, null for none
     */
    void page(long number, int depth, byte @Nullable [] from, byte @Nullable [] to)
        throws IOException {
      ByteBuffer page = use(number, 1);
      int flags = page.getShort(10) & 0xFFFF;
      boolean leaves = depth == tree.depth;
      int lower = page.getShort(12) & 0xFFFF;
      int upper = page.getShort(14) & 0xFFFF;
      int count = (lower - HEADER) / 2;
      if ((flags & (BRANCH | LEAF | OVERFLOW | META)) != (leaves ? LEAF : BRANCH)
          || page.getLong(0) != number
          || lower < HEADER
          || lower % 2 != 0
          || upper < lower
          || upper > pageBytes
          || count < (leaves ? 1 : 2)) {
        throw bad(number);
      }
      for (int i = 0; i < count; i++) {
        int node = page.getShort(HEADER + 2 * i) & 0xFFFF;
        if (node < upper || node + NODE > pageBytes) {
          throw bad(number);
        }
        byte[] key = key(page, number, node);
        if (leaves) {
          entry(page, number, node, key, from, to);
        } else {
          byte[] low = i == 0 ? from : key;
          byte[] high = i + 1 == count ? to : key(page, number, next(page, number, i));
          if (low != null && high != null && compare(low, high) >= 0) {
            throw bad(number);
          }
          long child =
              page.getShort(node) & 0xFFFFL
                  | (page.getShort(node + 2) & 0xFFFFL) << 16
                  | (page.getShort(node + 4) & 0xFFFFL) << 32;
          page(child, depth + 1, low, high);
        }
      }
    }

    private int next(ByteBuffer page, long number, int i) throws IOException {
      int node = page.getShort(HEADER + 2 * i + 2) & 0xFFFF;
      if (node + NODE > pageBytes) {
        throw bad(number);
      }
      return node;
    }

    private byte[] key(ByteBuffer page, long number, int node) throws IOException {
      int length = page.getShort(node + 6) & 0xFFFF;
      if (node + NODE + length > pageBytes) {
        throw bad(number);
      }
      byte[] key = new byte[length];
      page.get(node + NODE, key);
      return key;
    }

    private void entry(
        ByteBuffer page,
        long number,
        int node,
        byte[] key,
        byte @Nullable [] from,
        byte @Nullable [] to)
        throws IOException {
      byte[] before = last;
      if (before != null && compare(before, key) >= 0
          || from != null && compare(from, key) > 0
          || to != null && compare(key, to) >= 0) {
        throw bad(number);
      }
      last = key;
      entries++;
      int flags = page.getShort(node + 4) & 0xFFFF;
      long length = page.getShort(node) & 0xFFFFL | (page.getShort(node + 2) & 0xFFFFL) << 16;
      int data = node + NODE + key.length;
      if ((flags & ~(BIG_DATA | SUB_DATA)) != 0
          || data + ((flags & BIG_DATA) != 0 ? 8 : length) > pageBytes) {
        throw bad(number);
      }
      byte[] value;
      if ((flags & BIG_DATA) != 0) {
        value = overflow(page.getLong(data), length);
      } else {
        value = new byte[(int) length];
        page.get(data, value);
      }
      leaf.entry(key, value, (flags & SUB_DATA) != 0);
    }

    private int compare(byte[] a, byte[] b) {
      if ((tree.flags & INTEGER_KEY) != 0 && a.length == 8 && b.length == 8) {
        return Long.compareUnsigned(little(a).getLong(0), little(b).getLong(0));
      }
      return Arrays.compareUnsigned(a, b);
    }
  }

  private byte[] overflow(long number, long length) throws IOException {
    long count = (HEADER + length + pageBytes - 1) / pageBytes;
    ByteBuffer head = use(number, count);
    if (length > Integer.MAX_VALUE - HEADER
        || (head.getShort(10) & OVERFLOW) == 0
        || head.getLong(0) != number
        || (head.getInt(12) & 0xFFFFFFFFL) < count) {
      throw bad(number);
    }
    byte[] value = new byte[(int) length];
    read(number * pageBytes + HEADER, value.length).get(value);
    return value;
  }

  /** The first of some pages, which must be there and be met for the first time. */
  private ByteBuffer use(long number, long count) throws IOException {
    if (number < 2 || number > pages - count || number > lastPage - count + 1) {
      throw new Damaged(
          "page " + number + " of " + file + " is referred to, but lies outside of the file");
    }
    int from = (int) number;
    int to = (int) (number + count);
    int used = seen.nextSetBit(from);
    if (used >= 0 && used < to) {
      throw new Damaged("page " + used + " of " + file + " is used twice");
    }
    seen.set(from, to);
    return read(number * pageBytes, pageBytes);
  }

  private Damaged bad(long number) {
    return new Damaged("page " + number + " of " + file + " is damaged");
  }

  private ByteBuffer read(long at, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new Damaged(file + " ends at " + channel.size() + ", in the middle of a page");
      }
    }
    return buffer.flip();
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
