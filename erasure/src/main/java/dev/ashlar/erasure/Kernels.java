package dev.ashlar.erasure;

/** Which kernels this process has, and which it prefers. */
final class Kernels {
  /** Forces a kernel by name. */
  static final String PROPERTY = "ashlar.erasure.kernel";

  private static final Kernel SCALAR = new ScalarKernel();

  private Kernels() {}

  static Kernel scalar() {
    return SCALAR;
  }

  /** The kernel that codes use once it is warm. */
  static Kernel preferred() {
    return SCALAR;
  }
}
