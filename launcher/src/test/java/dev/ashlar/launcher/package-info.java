/** Tests of the program. */
@NullMarked
package dev.ashlar.launcher;

import org.jspecify.annotations.NullMarked;
