package dev.ashlar.master.state;

import dev.ashlar.master.store.StoreException;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;

/**
 * Records to bytes and back, as they lie in the store. What was written there must be readable:
 * anything else is a broken store.
 */
final class Encoding {
  private Encoding() {}

  static byte[] encode(Record row) {
    return RecordCodec.encode(row);
  }

  static <T extends Record> T decode(Class<T> type, byte[] bytes) {
    try {
      return RecordCodec.decode(type, bytes);
    } catch (DecodeException e) {
      throw new StoreException(
          "The metadata store holds a "
              + type.getSimpleName()
              + " that cannot be read: "
              + e.getMessage(),
          e);
    }
  }

  static byte[] encodeMessage(Message message) {
    return RecordCodec.encodeMessage(message);
  }

  static Message decodeMessage(byte[] bytes) {
    try {
      return RecordCodec.decodeTagged(Message.class, bytes);
    } catch (DecodeException e) {
      throw new StoreException(
          "The metadata store holds a reply that cannot be read: " + e.getMessage(), e);
    }
  }
}
