/** Histories of concurrent operations and the check that one order explains them. */
@NullMarked
package dev.ashlar.torture.history;

import org.jspecify.annotations.NullMarked;
