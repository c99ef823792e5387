/** What travels: one record per message, encoded by {@code RecordCodec}. */
@NullMarked
package dev.ashlar.protocol.message;

import org.jspecify.annotations.NullMarked;
