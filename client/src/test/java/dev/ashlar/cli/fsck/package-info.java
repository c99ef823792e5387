/** Tests of the command line. */
@NullMarked
package dev.ashlar.cli.fsck;

import org.jspecify.annotations.NullMarked;
