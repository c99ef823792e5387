/**
 * The machinery behind {@link dev.ashlar.protocol.message.RecordCodec}: how records become bytes
 * and back. Public only because generated code calls it.
 */
@NullMarked
package dev.ashlar.protocol.codec;

import org.jspecify.annotations.NullMarked;
