/** Framed request/reply over Netty: one message record and an optional raw payload per frame. */
@NullMarked
package dev.ashlar.protocol.rpc;

import org.jspecify.annotations.NullMarked;
