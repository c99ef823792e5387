/** Compares what the masters say with what is on the disks. Changes nothing. */
@NullMarked
package dev.ashlar.cli.fsck;

import org.jspecify.annotations.NullMarked;
