package dev.ashlar.cli.command;

import dev.ashlar.protocol.message.Attr;

/** Type and permissions as ls shows them: drwxr-xr-x. */
final class ModeText {
  private ModeText() {}

  static String of(Attr attr) {
    char[] text = "-rwxrwxrwx".toCharArray();
    text[0] =
        switch (attr.type()) {
          case FILE, PACK -> '-';
          case DIRECTORY -> 'd';
          case SYMLINK -> 'l';
        };
    for (int i = 0; i < 9; i++) {
      if ((attr.mode() & 0400 >> i) == 0) {
        text[i + 1] = '-';
      }
    }
    special(text, 3, attr.mode() & 04000, 's');
    special(text, 6, attr.mode() & 02000, 's');
    special(text, 9, attr.mode() & 01000, 't');
    return new String(text);
  }

  private static void special(char[] text, int at, int bit, char letter) {
    if (bit != 0) {
      text[at] = text[at] == 'x' ? letter : Character.toUpperCase(letter);
    }
  }
}
