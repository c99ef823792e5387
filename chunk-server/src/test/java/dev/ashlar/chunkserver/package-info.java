/** What the tests of the chunk server share. */
@NullMarked
package dev.ashlar.chunkserver;

import org.jspecify.annotations.NullMarked;
