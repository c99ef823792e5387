/** Tests of the command line. */
@NullMarked
package dev.ashlar.cli.command;

import org.jspecify.annotations.NullMarked;
