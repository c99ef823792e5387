package dev.ashlar.protocol.message;

import java.util.HashMap;
import java.util.Map;

/** The members of a sealed interface by their tags. Immutable. */
final class TaggedPlan {
  private static final ClassValue<TaggedPlan> PLANS =
      new ClassValue<>() {
        @Override
        protected TaggedPlan computeValue(Class<?> type) {
          return new TaggedPlan(type);
        }
      };

  private static final ClassValue<Integer> TAGS =
      new ClassValue<>() {
        @Override
        protected Integer computeValue(Class<?> type) {
          Tag tag = type.getAnnotation(Tag.class);
          if (tag == null) {
            throw new IllegalArgumentException(type + " has no @Tag");
          }
          return tag.value();
        }
      };

  private final Class<?> type;
  private final Map<Integer, RecordPlan> members = new HashMap<>();

  private TaggedPlan(Class<?> type) {
    this.type = type;
    collect(type);
  }

  static TaggedPlan of(Class<?> type) {
    return PLANS.get(type);
  }

  private void collect(Class<?> sealed) {
    Class<?>[] permitted = sealed.getPermittedSubclasses();
    if (permitted == null) {
      throw new IllegalArgumentException(sealed + " is not a sealed interface");
    }
    for (Class<?> member : permitted) {
      if (!member.isRecord()) {
        collect(member);
      } else if (members.put(TAGS.get(member), RecordPlan.of(member)) != null) {
        throw new IllegalArgumentException("Tag " + TAGS.get(member) + " is used twice in " + type);
      }
    }
  }

  static void writeTagged(Object value, RecordWriter out) {
    out.varint(TAGS.get(value.getClass()));
    RecordPlan.of(value.getClass()).write(value, out);
  }

  Object read(RecordReader in) throws DecodeException {
    long tag = in.varint();
    RecordPlan plan = tag == (int) tag ? members.get((int) tag) : null;
    if (plan == null) {
      throw new DecodeException("No " + type.getSimpleName() + " has the number " + tag + ": perhaps it is of a later version");
    }
    return plan.read(in);
  }
}
