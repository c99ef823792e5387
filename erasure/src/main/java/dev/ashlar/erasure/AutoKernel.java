package dev.ashlar.erasure;

import java.util.List;

/**
 * The first of several vector kernels that turns out to be fast here. While none is known to be, it
 * is never ready, and callers stay on the scalar kernel.
 */
final class AutoKernel implements Kernel {
  private final List<VectorKernel> candidates;

  /**
   * @param candidates at least one, the best first
   */
  AutoKernel(List<VectorKernel> candidates) {
    this.candidates = List.copyOf(candidates);
  }

  private VectorKernel current() {
    for (VectorKernel candidate : candidates) {
      if (!candidate.isRejected()) {
        return candidate;
      }
    }
    return candidates.getLast();
  }

  @Override
  public String name() {
    return "auto(" + current().name() + ")";
  }

  @Override
  public boolean ready(Product product) {
    return current().ready(product);
  }

  @Override
  public void warm(Product product) {
    current().warm(product);
  }

  @Override
  public Transform compile(Product product) {
    return current().compile(product);
  }
}
