/** Histories of concurrent operations and the check that one order explains them. */
@NullMarked
package dev.ashlar.cluster.history;

import org.jspecify.annotations.NullMarked;
