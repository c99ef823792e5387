package dev.ashlar.erasure;

/**
 * The seam between the algebra and the loops: turns coefficients into something that runs.
 * Thread-safe; never blocks.
 */
interface Kernel {
  /** The name by which {@code -Dashlar.erasure.kernel} forces it. */
  String name();

  /**
   * True once this kernel runs {@code product} at full speed; false while the machine code it needs
   * is not there yet.
   */
  boolean ready(Product product);

  /** Asks that {@link #ready} become true soon, by work on another thread. Cheap to repeat. */
  void warm(Product product);

  /** A transform for {@code product}, correct whether or not the kernel is ready. */
  Transform compile(Product product);
}
