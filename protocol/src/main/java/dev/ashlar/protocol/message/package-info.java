/** What travels: one record per message, encoded by {@link dev.ashlar.protocol.message.RecordCodec}. */
@NullMarked
package dev.ashlar.protocol.message;

import org.jspecify.annotations.NullMarked;
