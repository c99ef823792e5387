package dev.ashlar.erasure;

import java.util.ArrayList;
import java.util.List;

/**
 * One pass of a product: which sources and targets it takes, and where its tables lie.
 *
 * @param firstSource column of the first source
 * @param firstTarget row of the first target
 * @param tableOffset bytes from the start of the product's tables
 */
record PassStep(Shape shape, int firstSource, int firstTarget, int tableOffset) {
  /**
   * Cuts {@code product} into passes: targets evenly into groups of at most four, sources into as
   * many as the registers hold tables for.
   */
  static List<PassStep> cut(Scheme scheme, Product product) {
    List<PassStep> steps = new ArrayList<>();
    int groups = (product.targets() + Scheme.MAX_TARGETS - 1) / Scheme.MAX_TARGETS;
    int offset = 0;
    int target = 0;
    for (int group = 0; group < groups; group++) {
      int left = groups - group;
      int targets = (product.targets() - target + left - 1) / left;
      int source = 0;
      while (source < product.sources()) {
        int sources = Math.min(scheme.maxSources(targets), product.sources() - source);
        Shape shape = new Shape(sources, targets, product.accumulate() || source > 0);
        steps.add(new PassStep(shape, source, target, offset));
        offset += scheme.tables(sources) * targets * Scheme.TABLE_BYTES;
        source += sources;
      }
      target += targets;
    }
    return steps;
  }

  /** Bytes that the tables of this step take. */
  int tableBytes(Scheme scheme) {
    return scheme.tables(shape.sources()) * shape.targets() * Scheme.TABLE_BYTES;
  }
}
