package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.message.Message;
import io.netty.buffer.ByteBuf;

/** One frame that came in; whoever takes it owns the payload. */
record Frame(byte kind, long id, Message message, ByteBuf payload) {}
