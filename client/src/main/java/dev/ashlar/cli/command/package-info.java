/** The commands that talk to a cluster. */
@NullMarked
package dev.ashlar.cli.command;

import org.jspecify.annotations.NullMarked;
