/** What a crash at any point of a recorded history leaves of a master, and what comes of it. */
@NullMarked
package dev.ashlar.cluster.crash;

import org.jspecify.annotations.NullMarked;
