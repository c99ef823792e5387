package dev.ashlar.torture.faultfs;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A file or directory that the kernel knows by a number. Fields are guarded as said. */
final class Node {
  static final int NOT_OPEN = -1;

  final long id;

  /** Of the lower file. */
  final long ino;

  final boolean directory;

  // Guarded by the lock of Names.
  @Nullable Node parent;
  String name;

  /** Where a removed file went. */
  java.nio.file.@Nullable Path shadow;

  final Map<String, Node> children = new HashMap<>();

  /** How often the kernel was told of it and has not forgotten it. */
  long lookups;

  // Guarded by this node's own monitor, which is taken after that of Names.
  int opens;

  /** Of the lower file, while it is open. */
  int fd = NOT_OPEN;

  final Unsynced unsynced = new Unsynced();

  /** End of the bytes for which space was set aside. */
  long allocated;

  Node(long id, long ino, boolean directory, @Nullable Node parent, String name) {
    this.id = id;
    this.ino = ino;
    this.directory = directory;
    this.parent = parent;
    this.name = name;
  }
}
