package dev.ashlar.simulation;

/**
 * How bad the network is.
 *
 * @param loss chance of a message to vanish
 * @param duplicate chance to arrive twice
 * @param reorder chance to be overtaken
 * @param delayNs that messages take more than usual, at most
 */
record Weather(double loss, double duplicate, double reorder, long delayNs) {
  static final Weather FAIR = new Weather(0, 0, 0, 0);
}
