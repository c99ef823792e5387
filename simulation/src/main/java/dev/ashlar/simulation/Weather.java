package dev.ashlar.simulation;

/**
 * How bad the network is.
 *
 * @param loss chance of a message to vanish
 * @param duplicate chance to arrive twice
 * @param reorder chance to be overtaken
 * @param delayNs that messages take more than usual, at most
 * @param damage chance of a payload to arrive with a wrong bit that the transport does not notice
 */
record Weather(double loss, double duplicate, double reorder, long delayNs, double damage) {
  static final Weather FAIR = new Weather(0, 0, 0, 0, 0);
}
