@NullMarked
package dev.ashlar.chunkserver.server;

import org.jspecify.annotations.NullMarked;
