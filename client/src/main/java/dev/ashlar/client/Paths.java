package dev.ashlar.client;

import java.util.ArrayList;
import java.util.List;

/**
 * Absolute paths as text. Does not know symbolic links: "a/.." is not simplified, the masters walk
 * it.
 */
public final class Paths {
  private Paths() {}

  /**
   * One slash at the start and between names, none at the end. A path without a first slash gets
   * one.
   */
  public static String normalize(String path) {
    List<String> names = new ArrayList<>();
    for (String name : path.split("/", -1)) {
      if (!name.isEmpty() && !name.equals(".")) {
        names.add(name);
      }
    }
    return "/" + String.join("/", names);
  }

  /** The last name of a normal path, empty for the root. */
  public static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** What is left of a normal path without its last name; the root is its own parent. */
  public static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "/" : path.substring(0, slash);
  }
}
