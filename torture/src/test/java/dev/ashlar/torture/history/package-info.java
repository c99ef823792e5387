/** Tests. */
@NullMarked
package dev.ashlar.torture.history;

import org.jspecify.annotations.NullMarked;
