package dev.ashlar.protocol.message;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/** How one record class is written and read: its components, in order. Built once per class; immutable. */
final class RecordPlan {
  private static final ClassValue<RecordPlan> PLANS =
      new ClassValue<>() {
        @Override
        protected RecordPlan computeValue(Class<?> type) {
          return new RecordPlan(type);
        }
      };

  private final Component[] components;
  private final MethodHandle[] accessors;
  private final MethodHandle constructor;

  private RecordPlan(Class<?> type) {
    RecordComponent[] declared = type.getRecordComponents();
    components = new Component[declared.length];
    accessors = new MethodHandle[declared.length];
    try {
      MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
      for (int i = 0; i < declared.length; i++) {
        components[i] = Component.of(declared[i].getGenericType());
        accessors[i] = lookup.unreflect(declared[i].getAccessor()).asType(MethodType.methodType(Object.class, Object.class));
      }
      Class<?>[] types = Arrays.stream(declared).map(RecordComponent::getType).toArray(Class<?>[]::new);
      constructor =
          lookup
              .findConstructor(type, MethodType.methodType(void.class, types))
              .asSpreader(Object[].class, types.length)
              .asType(MethodType.methodType(Object.class, Object[].class));
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("Cannot be encoded: " + type, e);
    }
  }

  static RecordPlan of(Class<?> type) {
    return PLANS.get(type);
  }

  void write(Object value, RecordWriter out) {
    int start = out.open();
    for (int i = 0; i < components.length; i++) {
      components[i].write(get(accessors[i], value), out);
    }
    out.close(start);
  }

  Object read(RecordReader in) throws DecodeException {
    int limit = in.enter();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = in.remaining() > 0 ? components[i].read(in) : components[i].zero();
    }
    in.leave(limit);
    return construct(values);
  }

  /** The value every component has when none was sent. */
  Object zero() {
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = components[i].zero();
    }
    try {
      return construct(values);
    } catch (DecodeException e) {
      throw new IllegalStateException("A record that may be appended must allow zero values", e);
    }
  }

  private Object construct(Object[] values) throws DecodeException {
    try {
      return (Object) constructor.invokeExact(values);
    } catch (IllegalArgumentException e) {
      throw new DecodeException(String.valueOf(e.getMessage())); // the record's own checks refuse the values
    } catch (Throwable e) {
      throw new IllegalStateException("A record's constructor must not throw this", e);
    }
  }

  private static Object get(MethodHandle accessor, Object value) {
    try {
      return (Object) accessor.invokeExact(value);
    } catch (Throwable e) {
      throw new IllegalStateException("A record's accessor does not throw", e);
    }
  }
}
