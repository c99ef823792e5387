/**
 * The frame of the command line: commands, their arguments, terminals, sizes, durations, JSON,
 * progress. Knows no command.
 */
@NullMarked
package dev.ashlar.cli;

import org.jspecify.annotations.NullMarked;
