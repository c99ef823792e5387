/**
 * A real cluster of separate processes under real faults: killed, paused, cut off, on disks that
 * fail; and clients that check everything they are told.
 */
@NullMarked
package dev.ashlar.torture;

import org.jspecify.annotations.NullMarked;
