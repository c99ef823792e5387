package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.message.DecodeException;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the encoding of a type. */
final class ValueCodecs {
  private ValueCodecs() {}

  static ValueCodec of(AnnotatedType annotated) {
    ValueCodec codec = plain(annotated);
    return isNullable(annotated) ? new NullableCodec(codec) : codec;
  }

  static boolean isNullable(AnnotatedType type) {
    return type.isAnnotationPresent(Nullable.class);
  }

  private static ValueCodec plain(AnnotatedType annotated) {
    Type type = annotated.getType();
    if (type instanceof ParameterizedType p && p.getRawType() == List.class) {
      return new ListCodec(
          of(((AnnotatedParameterizedType) annotated).getAnnotatedActualTypeArguments()[0]));
    }
    if (type instanceof Class<?> c) {
      @Nullable ValueCodec leaf = LeafCodec.of(c);
      if (leaf != null) {
        return leaf;
      }
      if (c.isEnum()) {
        return new EnumCodec(c.getEnumConstants());
      }
      if (c.isRecord()) {
        return new NestedCodec(c);
      }
      if (c.isSealed()) {
        return new SealedCodec(c);
      }
    }
    throw new IllegalArgumentException("There is no encoding for type " + type.getTypeName());
  }

  /**
   * A record inside a record. The plan is looked up each time, so that types may contain
   * themselves.
   */
  record NestedCodec(Class<?> type) implements ValueCodec {
    @Override
    public void write(@Nullable Object value, RecordOutput out) {
      RecordPlan.of(type).write(present(value), out);
    }

    @Override
    public Object read(RecordInput in) throws DecodeException {
      return RecordPlan.of(type).read(in);
    }

    @Override
    public Object missing(RecordInput in) throws DecodeException {
      return RecordPlan.of(type).empty(in);
    }
  }

  /** One of several records: its tag, then the record. */
  record SealedCodec(Class<?> type) implements ValueCodec {
    @Override
    public void write(@Nullable Object value, RecordOutput out) {
      SealedPlan.writeTagged(present(value), out);
    }

    @Override
    public Object read(RecordInput in) throws DecodeException {
      return SealedPlan.of(type).readTagged(in);
    }

    @Override
    public Object missing(RecordInput in) throws DecodeException {
      throw in.invalid("no " + type.getSimpleName() + " where one is needed");
    }
  }

  record NullableCodec(ValueCodec inner) implements ValueCodec {
    @Override
    public void write(@Nullable Object value, RecordOutput out) {
      out.writeBoolean(value != null);
      if (value != null) {
        inner.write(value, out);
      }
    }

    @Override
    public @Nullable Object read(RecordInput in) throws DecodeException {
      if (!in.readBoolean()) {
        return null;
      }
      if (in.atEnd()) {
        throw in.invalid("a value that is cut off");
      }
      return inner.read(in);
    }

    @Override
    public @Nullable Object missing(RecordInput in) throws DecodeException {
      return null;
    }
  }

  static Object present(@Nullable Object value) {
    if (value == null) {
      throw new IllegalArgumentException(
          "A component that is not @Nullable is null and cannot be encoded");
    }
    return value;
  }
}
