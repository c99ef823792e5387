package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The records of one sealed interface by their tags. Made once per interface. Thread-safe. */
final class SealedPlan {
  private static final ClassValue<SealedPlan> PLANS =
      new ClassValue<>() {
        @Override
        protected SealedPlan computeValue(Class<?> type) {
          return new SealedPlan(type);
        }
      };

  private final Class<?> type;
  private final @Nullable RecordType[] byTag;

  /** Its plan is made when it is first met: most programs meet few of the types. */
  private record RecordType(Class<?> type) {}

  private SealedPlan(Class<?> type) {
    if (!type.isSealed()) {
      throw new IllegalArgumentException(
          type.getName() + " is not sealed: its records cannot be told apart by tags");
    }
    this.type = type;
    List<Class<?>> records = new ArrayList<>();
    collect(type, records);
    int highest = records.stream().mapToInt(RecordPlan::tagOf).max().orElse(0);
    this.byTag = new @Nullable RecordType[highest + 1];
    for (Class<?> each : records) {
      RecordType other = byTag[RecordPlan.tagOf(each)];
      if (other != null && other.type != each) {
        throw new IllegalArgumentException(
            each.getName()
                + " and "
                + other.type.getName()
                + " have the same @Tag "
                + RecordPlan.tagOf(each));
      }
      byTag[RecordPlan.tagOf(each)] = new RecordType(each);
    }
  }

  static SealedPlan of(Class<?> type) {
    return PLANS.get(type);
  }

  static void writeTagged(Object record, RecordOutput out) {
    RecordPlan plan = RecordPlan.of(record.getClass());
    out.writeUnsigned(plan.tag());
    plan.write(record, out);
  }

  Object readTagged(RecordInput in) throws DecodeException {
    long tag = in.unsigned();
    RecordType found = tag < 0 || tag >= byTag.length ? null : byTag[(int) tag];
    if (found == null) {
      throw new DecodeException(
          ErrorCode.UNSUPPORTED_VERSION,
          type.getSimpleName()
              + " number "
              + Long.toUnsignedString(tag)
              + " is not known here: the other side may be newer, update this one");
    }
    return RecordPlan.of(found.type).read(in);
  }

  private static void collect(Class<?> type, List<Class<?>> records) {
    for (Class<?> each : type.getPermittedSubclasses()) {
      if (each.isRecord()) {
        records.add(each);
      } else if (each.isSealed()) {
        collect(each, records);
      } else {
        throw new IllegalArgumentException(each.getName() + " is no record: it has no encoding");
      }
    }
  }
}
