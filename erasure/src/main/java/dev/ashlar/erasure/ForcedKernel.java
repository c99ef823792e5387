package dev.ashlar.erasure;

/** A kernel used at once, compiled or not: what the system property and the tests ask for. */
record ForcedKernel(Kernel kernel) implements Kernel {
  @Override
  public String name() {
    return kernel.name();
  }

  @Override
  public boolean ready(Product product) {
    return true;
  }

  @Override
  public void warm(Product product) {}

  @Override
  public Transform compile(Product product) {
    return kernel.compile(product);
  }
}
