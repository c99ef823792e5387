/**
 * The deterministic core of the master: what commands do, what queries answer, where blocks go,
 * what must be healed. No clock, random source, thread or I/O.
 */
@NullMarked
package dev.ashlar.master.state;

import org.jspecify.annotations.NullMarked;
