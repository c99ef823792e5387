@NullMarked
package dev.ashlar.chunkserver.rebuild;

import org.jspecify.annotations.NullMarked;
