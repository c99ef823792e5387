/** Tests of the command line. */
@NullMarked
package dev.ashlar.cli;

import org.jspecify.annotations.NullMarked;
