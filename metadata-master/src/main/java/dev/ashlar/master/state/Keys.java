package dev.ashlar.master.state;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Keys of the store: u16 shard (0 for now), u8 table, then the fields, big endian, so that byte
 * order is field order (ids are never negative, except client, disk and cluster ids, whose order
 * does not matter). A name stands last, as its UTF-8 bytes.
 */
final class Keys {
  static final int MAX_NAME_BYTES = 255;

  /** The numbers are the disk format. */
  enum Table {
    CLUSTER(1),
    INODES(2),
    ENTRIES(3),
    /** (inode, parent, name) of every name of a file but the first. */
    LINKS(4),
    XATTRS(5),
    CHUNKS(6),
    /** (inode, index) of chunks handed out to the file's writer. */
    STAGED(7),
    /** (chunk) of the same, to its (inode, index). */
    STAGED_CHUNKS(8),
    /** (group, chunk) of committed chunks, to (inode, index). */
    CHUNK_INDEX(9),
    GROUPS(10),
    GROUP_COUNTS(11),
    DISKS(12),
    SERVERS(13),
    LEASES(14),
    LEASE_EPOCHS(15),
    /** (client, epoch) of open leases. */
    CLIENT_LEASES(16),
    SESSIONS(17),
    REPLIES(18),
    DELETIONS(19),
    TOKEN_KEYS(20),
    MASTERS(21),
    /** (inode) of files whose first bytes are in a pack. */
    SLICES(22),
    /** (inode of the pack). */
    PACKS(23),
    /** (inode of the pack, inode) of the same files. */
    PACK_FILES(24);

    private final byte number;

    Table(int number) {
      this.number = (byte) number;
    }

    byte[] key() {
      return start(0).array();
    }

    byte[] key(long a) {
      return start(8).putLong(a).array();
    }

    byte[] key(long a, long b) {
      return start(16).putLong(a).putLong(b).array();
    }

    byte[] key(long a, long b, long c) {
      return start(24).putLong(a).putLong(b).putLong(c).array();
    }

    byte[] key(long a, String name) {
      byte[] n = name.getBytes(UTF_8);
      return start(8 + n.length).putLong(a).put(n).array();
    }

    byte[] key(long a, long b, String name) {
      byte[] n = name.getBytes(UTF_8);
      return start(16 + n.length).putLong(a).putLong(b).put(n).array();
    }

    byte[] key(String name) {
      byte[] n = name.getBytes(UTF_8);
      return start(n.length).put(n).array();
    }

    private ByteBuffer start(int fields) {
      return ByteBuffer.allocate(3 + fields).putShort((short) 0).put(number);
    }
  }

  private static final int FIELDS = 3;

  private Keys() {}

  /** The n-th 8-byte field of a key. */
  static long number(byte[] key, int n) {
    return ByteBuffer.wrap(key).getLong(FIELDS + 8 * n);
  }

  /** The name that follows {@code fields} 8-byte fields. */
  static String name(byte[] key, int fields) {
    int from = FIELDS + 8 * fields;
    return new String(key, from, key.length - from, UTF_8);
  }

  /** The first key after all that start with {@code prefix}. */
  static byte[] after(byte[] prefix) {
    byte[] end = prefix.clone();
    for (int i = end.length - 1; i >= 0; i--) {
      if (++end[i] != 0) {
        return Arrays.copyOf(end, i + 1);
      }
    }
    throw new IllegalArgumentException("No key comes after this prefix");
  }

  /** The least key above {@code key}. */
  static byte[] next(byte[] key) {
    return Arrays.copyOf(key, key.length + 1);
  }
}
