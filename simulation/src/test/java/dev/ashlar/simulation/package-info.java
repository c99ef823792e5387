@NullMarked
package dev.ashlar.simulation;

import org.jspecify.annotations.NullMarked;
