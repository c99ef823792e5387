package dev.ashlar.erasure;

/**
 * What distinguishes one generated pass from another.
 *
 * @param sources read in one pass, at least 1
 * @param targets made in one pass, 1 to 4
 * @param accumulate whether the pass adds to the targets or overwrites them
 */
record Shape(int sources, int targets, boolean accumulate) {}
