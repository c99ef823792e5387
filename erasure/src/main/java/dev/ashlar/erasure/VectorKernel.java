package dev.ashlar.erasure;

import java.util.concurrent.ConcurrentHashMap;

/**
 * The Vector API kernel of one {@link Scheme}. Its passes are generated when first needed and
 * shared by all codes.
 */
final class VectorKernel implements Kernel {
  private static final System.Logger LOG = System.getLogger(VectorKernel.class.getName());

  /**
   * Warmed first: while it is, the innards of the Vector API are compiled too, at a small part of
   * what larger passes would take for it.
   */
  private static final Shape PRIMER = new Shape(1, 1, false);

  private final Scheme scheme;
  private final WarmUp warmUp;
  private final ConcurrentHashMap<Shape, WarmPass> passes = new ConcurrentHashMap<>();
  private volatile boolean rejected;

  VectorKernel(Scheme scheme, WarmUp warmUp) {
    this.scheme = scheme;
    this.warmUp = warmUp;
  }

  @Override
  public String name() {
    return scheme.text();
  }

  @Override
  public boolean ready(Product product) {
    if (product.isCopy()) {
      return true;
    }
    if (passes.isEmpty()) {
      return false;
    }
    for (PassStep step : PassStep.cut(scheme, product)) {
      WarmPass pass = passes.get(step.shape());
      if (pass == null || !pass.isReady()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void warm(Product product) {
    if (rejected || product.isCopy()) {
      return;
    }
    request(PRIMER);
    for (PassStep step : PassStep.cut(scheme, product)) {
      request(step.shape());
    }
  }

  private void request(Shape shape) {
    WarmPass pass = pass(shape);
    if (pass.request()) {
      warmUp.submit(() -> warm(pass));
    }
  }

  private void warm(WarmPass pass) {
    if (rejected) {
      return;
    }
    try {
      if (!pass.warm(scheme)) {
        reject();
      }
    } catch (RuntimeException | LinkageError e) {
      reject();
      LOG.log(
          System.Logger.Level.WARNING, "The erasure kernel " + name() + " cannot be used here", e);
    }
  }

  /** Gives this kernel up for the life of the process. */
  void reject() {
    rejected = true;
  }

  /**
   * True once a pass did not become fast: this machine or this JVM is not made for the scheme.
   * Final.
   */
  boolean isRejected() {
    return rejected;
  }

  @Override
  public Transform compile(Product product) {
    return product.isCopy()
        ? new CopyTransform()
        : new VectorTransform(scheme, product, shape -> pass(shape).pass(scheme));
  }

  private WarmPass pass(Shape shape) {
    return passes.computeIfAbsent(shape, WarmPass::new);
  }

  @Override
  public String toString() {
    return name();
  }
}
