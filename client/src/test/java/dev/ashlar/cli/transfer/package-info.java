/** Tests of the command line. */
@NullMarked
package dev.ashlar.cli.transfer;

import org.jspecify.annotations.NullMarked;
