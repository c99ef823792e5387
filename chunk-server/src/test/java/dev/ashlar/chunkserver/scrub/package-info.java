@NullMarked
package dev.ashlar.chunkserver.scrub;

import org.jspecify.annotations.NullMarked;
