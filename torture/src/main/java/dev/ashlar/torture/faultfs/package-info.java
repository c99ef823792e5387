/**
 * A file system that fails on command: it lies over a real directory, forgets what was not synced
 * when its power is cut, returns errors, flips bits, is full or slow, and can write down every
 * change in order.
 */
@NullMarked
package dev.ashlar.torture.faultfs;

import org.jspecify.annotations.NullMarked;
