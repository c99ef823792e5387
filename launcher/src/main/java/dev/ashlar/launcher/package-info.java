/**
 * The program: finds the command, runs servers in the foreground, and starts, stops and shows off
 * local clusters.
 */
@NullMarked
package dev.ashlar.launcher;

import org.jspecify.annotations.NullMarked;
