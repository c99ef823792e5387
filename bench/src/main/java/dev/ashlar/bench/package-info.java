/** Benchmarks: JMH for single rooms, and end-to-end ones that start a cluster. */
@NullMarked
package dev.ashlar.bench;

import org.jspecify.annotations.NullMarked;
