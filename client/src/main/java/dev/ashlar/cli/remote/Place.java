package dev.ashlar.cli.remote;

import dev.ashlar.client.Paths;
import dev.ashlar.protocol.message.Attr;
import org.jspecify.annotations.Nullable;

/**
 * A name in a directory of the cluster, taken or free.
 *
 * @param path for messages
 * @param existing what has this name, null if nothing
 */
public record Place(long parent, String name, String path, @Nullable Attr existing) {
  /** A name below a directory. */
  public static String below(String directory, String name) {
    return directory.equals("/") ? "/" + name : Paths.normalize(directory) + "/" + name;
  }
}
