package dev.ashlar.erasure;

/**
 * Plain Java: the reference that every other kernel must equal, and what runs until the vector
 * kernel is compiled.
 */
final class ScalarKernel implements Kernel {
  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public boolean ready(Product product) {
    return true;
  }

  @Override
  public void warm(Product product) {}

  @Override
  public Transform compile(Product product) {
    if (product.isCopy()) {
      return new CopyTransform();
    }
    if (product.coefficients().isAllOnes()) {
      return new XorTransform(product);
    }
    return new TableTransform(product);
  }
}
