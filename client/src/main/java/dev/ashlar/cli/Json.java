package dev.ashlar.cli;

import java.lang.reflect.Array;
import java.lang.reflect.RecordComponent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes values as JSON: records and maps as objects in the order of their fields, arrays and
 * iterables as arrays, numbers, booleans, text, null.
 */
public final class Json {
  private final StringBuilder out = new StringBuilder();
  private final int step;

  private Json(int step) {
    this.step = step;
  }

  /** On one line. */
  public static String compact(@Nullable Object value) {
    return new Json(0).value(value, 0).toString();
  }

  /** On many lines, indented by two. */
  public static String pretty(@Nullable Object value) {
    return new Json(2).value(value, 0).toString();
  }

  private StringBuilder value(@Nullable Object v, int depth) {
    switch (v) {
      case null -> out.append("null");
      case Number n -> number(n);
      case Boolean b -> out.append(b);
      case CharSequence s -> text(s);
      case Enum<?> e -> text(e.name());
      case Record r -> record(r, depth);
      case Map<?, ?> m -> map(m, depth);
      case Iterable<?> i -> iterable(i, depth);
      default -> array(v, depth);
    }
    return out;
  }

  private void number(Number n) {
    if (n instanceof Double d && !Double.isFinite(d)) {
      out.append("null");
    } else {
      out.append(n);
    }
  }

  private void record(Record r, int depth) {
    out.append('{');
    String comma = "";
    for (RecordComponent c : r.getClass().getRecordComponents()) {
      out.append(comma);
      comma = ",";
      field(c.getName(), component(r, c), depth + 1);
    }
    end('}', !comma.isEmpty(), depth);
  }

  private static @Nullable Object component(Record r, RecordComponent c) {
    try {
      c.getAccessor().setAccessible(true);
      return c.getAccessor().invoke(r);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("A record's component can always be read: " + c, e);
    }
  }

  private void map(Map<?, ?> m, int depth) {
    out.append('{');
    String comma = "";
    for (Map.Entry<?, ?> e : m.entrySet()) {
      out.append(comma);
      comma = ",";
      field(String.valueOf(e.getKey()), e.getValue(), depth + 1);
    }
    end('}', !comma.isEmpty(), depth);
  }

  private void field(String name, @Nullable Object v, int depth) {
    line(depth);
    text(name);
    out.append(step == 0 ? ":" : ": ");
    value(v, depth);
  }

  private void iterable(Iterable<?> values, int depth) {
    out.append('[');
    String comma = "";
    for (Object v : values) {
      out.append(comma);
      comma = ",";
      line(depth + 1);
      value(v, depth + 1);
    }
    end(']', !comma.isEmpty(), depth);
  }

  /** Arrays of numbers stay on one line. */
  private void array(Object array, int depth) {
    if (!array.getClass().isArray()) {
      throw new IllegalArgumentException("No JSON for a " + array.getClass().getName());
    }
    out.append('[');
    for (int i = 0; i < Array.getLength(array); i++) {
      out.append(i == 0 ? "" : step == 0 ? "," : ", ");
      value(Array.get(array, i), depth + 1);
    }
    out.append(']');
  }

  private void end(char bracket, boolean some, int depth) {
    if (some) {
      line(depth);
    }
    out.append(bracket);
  }

  private void line(int depth) {
    if (step > 0) {
      out.append('\n').repeat(' ', step * depth);
    }
  }

  private void text(CharSequence s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\t' -> out.append("\\t");
        case '\r' -> out.append("\\r");
        default -> {
          if (c < 0x20 || c == 0x7f || Character.isSurrogate(c) && !paired(s, i)) {
            out.append("\\u").append(String.format("%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static boolean paired(CharSequence s, int i) {
    return Character.isHighSurrogate(s.charAt(i))
        ? i + 1 < s.length() && Character.isLowSurrogate(s.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(s.charAt(i - 1));
  }
}
