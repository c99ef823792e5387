package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.message.DecodeException;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/**
 * Whole encodings: what {@link dev.ashlar.protocol.message.RecordCodec} offers, without its types.
 */
public final class Encodings {
  private Encodings() {}

  public static byte[] record(Record record) {
    return recordOutput(record).toBytes();
  }

  public static void record(Record record, ByteBuf out) {
    recordOutput(record).copyTo(out);
  }

  public static byte[] tagged(Object record) {
    return taggedOutput(record).toBytes();
  }

  public static void tagged(Object record, ByteBuf out) {
    taggedOutput(record).copyTo(out);
  }

  /** Reads one record, leaves {@code bytes} behind it. */
  public static Object readRecord(Class<?> type, ByteBuffer bytes) throws DecodeException {
    RecordInput in = input(bytes);
    int from = in.position();
    Object record = RecordPlan.of(type).read(in);
    bytes.position(bytes.position() + in.position() - from);
    return record;
  }

  /** Reads a tag and its record, leaves {@code bytes} behind it. */
  public static Object readTagged(Class<?> sealedType, ByteBuffer bytes) throws DecodeException {
    RecordInput in = input(bytes);
    int from = in.position();
    Object record = SealedPlan.of(sealedType).readTagged(in);
    bytes.position(bytes.position() + in.position() - from);
    return record;
  }

  private static RecordOutput recordOutput(Record record) {
    RecordOutput out = new RecordOutput();
    RecordPlan.of(record.getClass()).write(record, out);
    return out;
  }

  private static RecordOutput taggedOutput(Object record) {
    RecordOutput out = new RecordOutput();
    SealedPlan.writeTagged(record, out);
    return out;
  }

  private static RecordInput input(ByteBuffer bytes) {
    if (bytes.hasArray()) {
      int from = bytes.arrayOffset() + bytes.position();
      return new RecordInput(bytes.array(), from, from + bytes.remaining());
    }
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return new RecordInput(copy, 0, copy.length);
  }
}
