/** Whole clusters of real processes, faults, and what must still hold. */
@NullMarked
package dev.ashlar.cluster;

import org.jspecify.annotations.NullMarked;
