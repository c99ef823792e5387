package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.message.DecodeException;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Values without parts, where they stand in lists or may be null. Components of these types that
 * are neither are written without this detour.
 */
record LeafCodec<T>(Class<T> type, BiConsumer<RecordOutput, T> writer, Reader<T> reader)
    implements ValueCodec {
  /** Reads one value, or what stands for a missing one. */
  interface Reader<T> {
    T read(RecordInput in) throws DecodeException;
  }

  private static final Map<Class<?>, LeafCodec<?>> ALL =
      Map.of(
          Boolean.class,
              new LeafCodec<>(Boolean.class, RecordOutput::writeBoolean, RecordInput::readBoolean),
          Integer.class,
              new LeafCodec<>(Integer.class, RecordOutput::writeInt, RecordInput::readInt),
          Long.class, new LeafCodec<>(Long.class, RecordOutput::writeLong, RecordInput::readLong),
          String.class,
              new LeafCodec<>(String.class, RecordOutput::writeString, RecordInput::readString),
          byte[].class,
              new LeafCodec<>(byte[].class, RecordOutput::writeBytes, RecordInput::readBytes),
          int[].class, new LeafCodec<>(int[].class, RecordOutput::writeInts, RecordInput::readInts),
          long[].class,
              new LeafCodec<>(long[].class, RecordOutput::writeLongs, RecordInput::readLongs));

  static @Nullable ValueCodec of(Class<?> type) {
    return ALL.get(type);
  }

  @Override
  public void write(@Nullable Object value, RecordOutput out) {
    writer.accept(out, type.cast(ValueCodecs.present(value)));
  }

  @Override
  public Object read(RecordInput in) throws DecodeException {
    return reader.read(in);
  }

  @Override
  public Object missing(RecordInput in) throws DecodeException {
    return reader.read(in);
  }
}
