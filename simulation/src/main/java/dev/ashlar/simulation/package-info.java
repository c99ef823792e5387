/**
 * A whole cluster in one thread: real masters, chunk servers and clients on simulated time, network
 * and disks, with faults drawn from a seed, and a model that knows what may be read.
 */
@NullMarked
package dev.ashlar.simulation;

import org.jspecify.annotations.NullMarked;
