/** Tests of the command line. */
@NullMarked
package dev.ashlar.cli.remote;

import org.jspecify.annotations.NullMarked;
