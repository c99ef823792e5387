package dev.ashlar.torture.faultfs;

import java.util.Locale;

/** What the C library or a fault answered instead of doing something. Has no stack: it is usual. */
final class Errno extends RuntimeException {
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int EAGAIN = 11;
  static final int EEXIST = 17;
  static final int ENODEV = 19;
  static final int EINVAL = 22;
  static final int ENOSPC = 28;
  static final int ENOSYS = 38;
  static final int EOPNOTSUPP = 95;
  static final int ESTALE = 116;

  private static final long serialVersionUID = 1;

  private final int number;

  /**
   * @param number positive, as in errno.h
   */
  Errno(int number, String what) {
    super(String.format(Locale.ROOT, "%s: error %d", what, number), null, false, false);
    this.number = number;
  }

  int number() {
    return number;
  }
}
