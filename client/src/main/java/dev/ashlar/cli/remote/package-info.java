/**
 * The cluster as the commands see it: how it is found, and the few calls they need of it, so that
 * tests can stand in for it.
 */
@NullMarked
package dev.ashlar.cli.remote;

import org.jspecify.annotations.NullMarked;
