package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.Tag;
import org.jspecify.annotations.Nullable;

/**
 * How one record type is written and read: its length, then its components. Made once per type.
 * Thread-safe.
 */
final class RecordPlan {
  private static final ClassValue<RecordPlan> PLANS =
      new ClassValue<>() {
        @Override
        protected RecordPlan computeValue(Class<?> type) {
          return new RecordPlan(type);
        }
      };

  private final Class<?> type;
  private final RecordBody body;
  private final int tag;

  /**
   * The record of zero and empty components; shared. Racy by intent: records are safe to publish
   * so, and equal.
   */
  private @Nullable Object empty;

  private RecordPlan(Class<?> type) {
    this.type = type;
    this.body = BodyGenerator.generate(type);
    this.tag = type.isAnnotationPresent(Tag.class) ? tagOf(type) : 0;
  }

  static RecordPlan of(Class<?> type) {
    return PLANS.get(type);
  }

  /** Number in its sealed interface. */
  int tag() {
    return tag == 0 ? tagOf(type) : tag;
  }

  static int tagOf(Class<?> type) {
    Tag annotation = type.getAnnotation(Tag.class);
    if (annotation == null || annotation.value() < 1 || annotation.value() > Limits.TAG) {
      throw new IllegalArgumentException(
          "Record " + type.getName() + " needs a @Tag from 1 to " + Limits.TAG);
    }
    return annotation.value();
  }

  void write(Object record, RecordOutput out) {
    int mark = out.begin();
    body.write(record, out);
    out.end(mark);
  }

  Object read(RecordInput in) throws DecodeException {
    int outer = in.enter();
    Object record = in.atEnd() ? empty(in) : build(in);
    in.leave(outer);
    return record;
  }

  /** The record that stands for one that is missing. */
  Object empty(RecordInput in) throws DecodeException {
    Object known = empty;
    if (known == null) {
      in.descend();
      known = build(in);
      in.ascend();
      empty = known;
    }
    return known;
  }

  private Object build(RecordInput in) throws DecodeException {
    try {
      return body.read(in);
    } catch (RuntimeException e) {
      throw new DecodeException(
          ErrorCode.INVALID,
          "Bad encoding: " + type.getSimpleName() + " refuses its components: " + e.getMessage(),
          e);
    }
  }
}
