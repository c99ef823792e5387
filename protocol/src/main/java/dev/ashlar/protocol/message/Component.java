package dev.ashlar.protocol.message;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How one component of a record is written, read, and what it is when it was not sent. */
abstract sealed class Component {
  abstract void write(Object value, RecordWriter out);

  abstract Object read(RecordReader in) throws DecodeException;

  abstract Object zero();

  static Component of(Type type) {
    if (type instanceof ParameterizedType p && p.getRawType() == List.class) {
      return new ListOf(of(p.getActualTypeArguments()[0]));
    }
    if (!(type instanceof Class<?> c)) {
      throw new IllegalArgumentException("Cannot be encoded: " + type);
    }
    if (c == boolean.class) {
      return new Bool();
    } else if (c == int.class) {
      return new Int();
    } else if (c == long.class || c == Long.class) {
      return new Int64();
    } else if (c == String.class) {
      return new Text();
    } else if (c == byte[].class) {
      return new Bytes();
    } else if (c == int[].class) {
      return new Ints();
    } else if (c == long[].class) {
      return new Longs();
    } else if (c.isEnum()) {
      return new EnumOf(c);
    } else if (c.isRecord()) {
      return new RecordOf(c);
    } else if (c.isSealed()) {
      return new SealedOf(c);
    }
    throw new IllegalArgumentException("Cannot be encoded: " + c);
  }

  private static final class Bool extends Component {
    @Override
    void write(Object value, RecordWriter out) {
      out.u8((Boolean) value ? 1 : 0);
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      int b = in.u8();
      if (b > 1) {
        throw new DecodeException("A truth value is " + b);
      }
      return b == 1;
    }

    @Override
    Object zero() {
      return false;
    }
  }

  private static final class Int extends Component {
    @Override
    void write(Object value, RecordWriter out) {
      out.zigzag((Integer) value);
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      long value = in.zigzag();
      if (value != (int) value) {
        throw new DecodeException("A number does not fit into 32 bits: " + value);
      }
      return (int) value;
    }

    @Override
    Object zero() {
      return 0;
    }
  }

  private static final class Int64 extends Component {
    @Override
    void write(Object value, RecordWriter out) {
      out.zigzag((Long) value);
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      return in.zigzag();
    }

    @Override
    Object zero() {
      return 0L;
    }
  }

  private static final class Text extends Component {
    @Override
    void write(Object value, RecordWriter out) {
      byte[] utf8 = ((String) value).getBytes(StandardCharsets.UTF_8);
      out.varint(utf8.length);
      out.raw(utf8);
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      return in.text(in.count(1));
    }

    @Override
    Object zero() {
      return "";
    }
  }

  private static final class Bytes extends Component {
    @Override
    void write(Object value, RecordWriter out) {
      byte[] bytes = (byte[]) value;
      out.varint(bytes.length);
      out.raw(bytes);
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      return in.raw(in.count(1));
    }

    @Override
    Object zero() {
      return new byte[0];
    }
  }

  /** Four bytes each: checksums do not shrink. */
  private static final class Ints extends Component {
    @Override
    void write(Object value, RecordWriter out) {
      int[] ints = (int[]) value;
      out.varint(ints.length);
      for (int i : ints) {
        out.fixed32(i);
      }
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      int[] ints = new int[in.count(4)];
      for (int i = 0; i < ints.length; i++) {
        ints[i] = in.fixed32();
      }
      return ints;
    }

    @Override
    Object zero() {
      return new int[0];
    }
  }

  private static final class Longs extends Component {
    @Override
    void write(Object value, RecordWriter out) {
      long[] longs = (long[]) value;
      out.varint(longs.length);
      for (long l : longs) {
        out.zigzag(l);
      }
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      long[] longs = new long[in.count(1)];
      for (int i = 0; i < longs.length; i++) {
        longs[i] = in.zigzag();
      }
      return longs;
    }

    @Override
    Object zero() {
      return new long[0];
    }
  }

  private static final class EnumOf extends Component {
    private final Object[] constants;

    EnumOf(Class<?> type) {
      constants = Arrays.copyOf(type.getEnumConstants(), type.getEnumConstants().length, Object[].class);
    }

    @Override
    @SuppressWarnings("EnumOrdinal") // the order of these enums is the format, as each of them says
    void write(Object value, RecordWriter out) {
      out.varint(((Enum<?>) value).ordinal());
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      long ordinal = in.varint();
      if (ordinal < 0 || ordinal >= constants.length) {
        throw new DecodeException("No " + constants[0].getClass().getSimpleName() + " has the number " + ordinal);
      }
      return constants[(int) ordinal];
    }

    @Override
    Object zero() {
      return constants[0];
    }
  }

  private static final class RecordOf extends Component {
    private final Class<?> type;

    RecordOf(Class<?> type) {
      this.type = type;
    }

    @Override
    void write(Object value, RecordWriter out) {
      RecordPlan.of(type).write(value, out);
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      return RecordPlan.of(type).read(in);
    }

    @Override
    Object zero() {
      return RecordPlan.of(type).zero();
    }
  }

  private static final class SealedOf extends Component {
    private final Class<?> type;

    SealedOf(Class<?> type) {
      this.type = type;
    }

    @Override
    void write(Object value, RecordWriter out) {
      TaggedPlan.writeTagged(value, out);
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      return TaggedPlan.of(type).read(in);
    }

    @Override
    Object zero() {
      throw new IllegalStateException("A choice of " + type + " cannot be appended to a record: it has no zero value");
    }
  }

  private static final class ListOf extends Component {
    private final Component element;

    ListOf(Component element) {
      this.element = element;
    }

    @Override
    void write(Object value, RecordWriter out) {
      List<?> list = (List<?>) value;
      out.varint(list.size());
      for (Object e : list) {
        element.write(e, out);
      }
    }

    @Override
    Object read(RecordReader in) throws DecodeException {
      int count = in.count(1);
      List<Object> list = new ArrayList<>(Math.min(count, 1024));
      for (int i = 0; i < count; i++) {
        list.add(element.read(in));
      }
      return List.copyOf(list);
    }

    @Override
    Object zero() {
      return List.of();
    }
  }
}
