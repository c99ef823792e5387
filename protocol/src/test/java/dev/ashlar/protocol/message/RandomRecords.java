package dev.ashlar.protocol.message;

import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Makes records of any type with random components, and compares them component by component,
 * arrays by content.
 */
final class RandomRecords {
  private final Random random;

  RandomRecords(long seed) {
    this.random = new Random(seed);
  }

  /** All record types of a sealed interface. */
  static List<Class<?>> members(Class<?> sealedType) {
    List<Class<?>> members = new ArrayList<>();
    for (Class<?> each : sealedType.getPermittedSubclasses()) {
      if (each.isRecord()) {
        members.add(each);
      } else {
        members.addAll(members(each));
      }
    }
    return members;
  }

  Record record(Class<?> type) {
    try {
      RecordComponent[] components = type.getRecordComponents();
      @Nullable Object[] values = new @Nullable Object[components.length];
      Class<?>[] types = new Class<?>[components.length];
      for (int i = 0; i < components.length; i++) {
        types[i] = components[i].getType();
        values[i] = value(components[i].getAnnotatedType());
      }
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return (Record) constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException("The constructor of " + type + " refuses random values", e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private @Nullable Object value(AnnotatedType annotated) {
    if (annotated.isAnnotationPresent(Nullable.class) && random.nextBoolean()) {
      return null;
    }
    if (annotated.getType() instanceof ParameterizedType) {
      AnnotatedType element =
          ((AnnotatedParameterizedType) annotated).getAnnotatedActualTypeArguments()[0];
      List<@Nullable Object> list = new ArrayList<>();
      for (int i = random.nextInt(5); i > 0; i--) {
        list.add(value(element));
      }
      return list;
    }
    return value((Class<?>) annotated.getType());
  }

  private Object value(Class<?> type) {
    if (type == boolean.class || type == Boolean.class) {
      return random.nextBoolean();
    } else if (type == int.class || type == Integer.class) {
      return (int) number();
    } else if (type == long.class || type == Long.class) {
      return number();
    } else if (type == String.class) {
      return text();
    } else if (type == byte[].class) {
      byte[] bytes = new byte[size()];
      random.nextBytes(bytes);
      return bytes;
    } else if (type == int[].class) {
      return random.ints(size()).toArray();
    } else if (type == long[].class) {
      return random.longs(size()).map(each -> number()).toArray();
    } else if (type.isEnum()) {
      return type.getEnumConstants()[random.nextInt(type.getEnumConstants().length)];
    } else if (type.isRecord()) {
      return record(type);
    }
    List<Class<?>> members = members(type);
    return record(members.get(random.nextInt(members.size())));
  }

  /** Of any magnitude, zero and the extremes too. */
  private long number() {
    long any = random.nextLong() >> random.nextInt(64);
    return switch (random.nextInt(20)) {
      case 0 -> 0;
      case 1 -> Long.MIN_VALUE;
      case 2 -> Long.MAX_VALUE;
      case 3 -> Integer.MIN_VALUE;
      default -> any;
    };
  }

  private int size() {
    return random.nextInt(20) == 0 ? random.nextInt(3000) : random.nextInt(6);
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    for (int i = size(); i > 0; i--) {
      int point =
          random.nextInt(4) > 0
              ? random.nextInt(128)
              : random.nextInt(Character.MAX_CODE_POINT + 1);
      text.appendCodePoint(
          point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE ? '\uFFFD' : point);
    }
    return text.toString();
  }

  static boolean same(@Nullable Object a, @Nullable Object b) {
    if (a == null || b == null) {
      return a == null && b == null;
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      boolean same = x.size() == y.size();
      for (int i = 0; same && i < x.size(); i++) {
        same = same(x.get(i), y.get(i));
      }
      return same;
    }
    if (a.getClass() != b.getClass()) {
      return false;
    }
    if (!a.getClass().isRecord()) {
      return Arrays.deepEquals(new Object[] {a}, new Object[] {b});
    }
    try {
      for (RecordComponent component : a.getClass().getRecordComponents()) {
        component.getAccessor().setAccessible(true);
        if (!same(component.getAccessor().invoke(a), component.getAccessor().invoke(b))) {
          return false;
        }
      }
      return true;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
