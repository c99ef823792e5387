package dev.ashlar.master.state;

import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import java.nio.ByteBuffer;

/** Records to bytes and back, as they lie in the store. */
final class Encoding {
  private Encoding() {}

  static byte[] encode(Record row) {
    return RecordCodec.encode(row);
  }

  static <T extends Record> T decode(Class<T> type, byte[] bytes) {
    return RecordCodec.decode(type, ByteBuffer.wrap(bytes));
  }

  static byte[] encode(Message message) {
    return RecordCodec.encodeTagged(Message.class, message);
  }

  static Message decodeMessage(byte[] bytes) {
    return RecordCodec.decodeTagged(Message.class, ByteBuffer.wrap(bytes));
  }
}
