package dev.ashlar.erasure;

import java.util.ArrayList;
import java.util.List;

/** The kernels that run on this machine, each forced, without waiting for warm-up. */
final class TestKernels {
  private TestKernels() {}

  static List<Kernel> all() {
    List<Kernel> all = new ArrayList<>();
    all.add(Kernels.scalar());
    for (Scheme scheme : Kernels.schemes()) {
      all.add(Kernels.forced(scheme.text()));
    }
    return all;
  }
}
