/** Tests. */
@NullMarked
package dev.ashlar.torture.faultfs;

import org.jspecify.annotations.NullMarked;
