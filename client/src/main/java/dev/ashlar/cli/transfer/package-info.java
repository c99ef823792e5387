/** Copying between local files and a cluster, whole trees too, several files at a time. */
@NullMarked
package dev.ashlar.cli.transfer;

import org.jspecify.annotations.NullMarked;
