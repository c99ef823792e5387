/** Re-reads every block of a disk within a period, evenly, and keeps the due date over restarts. */
@NullMarked
package dev.ashlar.chunkserver.scrub;

import org.jspecify.annotations.NullMarked;
