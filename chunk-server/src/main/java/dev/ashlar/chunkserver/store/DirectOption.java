package dev.ashlar.chunkserver.store;

import java.nio.file.OpenOption;

/** How a file is opened whose bytes are to pass by the system's page cache (O_DIRECT of Linux). */
public final class DirectOption {
  private DirectOption() {}

  /**
   * com.sun.nio.file.ExtendedOpenOption.DIRECT of the module jdk.unsupported, by its name: naming
   * its class is a warning of the compiler that cannot be switched off.
   *
   * @throws UnsupportedOperationException if this Java has none
   */
  public static OpenOption get() {
    try {
      for (Object option :
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
        if (option instanceof OpenOption o && o.toString().equals("DIRECT")) {
          return o;
        }
      }
      throw new UnsupportedOperationException("This Java has no open option DIRECT");
    } catch (ClassNotFoundException e) {
      throw new UnsupportedOperationException("This Java has no open option DIRECT", e);
    }
  }
}
