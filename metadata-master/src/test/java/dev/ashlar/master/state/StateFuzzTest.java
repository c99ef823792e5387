package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.ashlar.master.store.StoreException;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.RecordCodec;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every row and every log command, with random components found by reflection, changed: read, or
 * refused by the exception that says so, in bounded time and memory.
 */
final class StateFuzzTest {
  private static final long BYTES_PER_BYTE = 64;
  private static final long BYTES_ALWAYS = 64 << 10;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long seed = Long.getLong("ashlar.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  void changedRowsAndCommands() {
    rounds(400);
  }

  @Test
  @Tag("slow")
  void manyChangedRowsAndCommands() {
    rounds(5_000 * Integer.getInteger("ashlar.rounds", 10));
  }

  private void rounds(int count) {
    System.out.println("StateFuzzTest: -Dashlar.seed=" + seed);
    List<Class<?>> rows =
        Arrays.stream(Rows.class.getDeclaredClasses()).filter(Class::isRecord).toList();
    List<Class<?>> commands = members(LogCommand.class);
    assertTrue(rows.size() > 10 && commands.size() > 10);
    assertTimeoutPreemptively(
        Duration.ofMinutes(Math.max(1, count / 500)),
        () -> {
          for (int i = 0; i < count; i++) {
            for (Class<?> row : rows) {
              byte[] bytes = changed(RecordCodec.encode(record(row)));
              run(bytes, i > 20, () -> Encoding.decode(row.asSubclass(Record.class), bytes));
            }
            for (Class<?> command : commands) {
              byte[] bytes = changed(RecordCodec.encodeTagged(record(command)));
              run(bytes, i > 20, () -> RecordCodec.decodeTagged(LogCommand.class, bytes));
            }
          }
        });
  }

  @FunctionalInterface
  private interface Decode {
    Object read() throws DecodeException;
  }

  private void run(byte[] bytes, boolean warm, Decode decode) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      decode.read();
    } catch (DecodeException | StoreException e) {
      assertTrue(e.getMessage() != null, "says what is wrong");
    } catch (RuntimeException | Error e) {
      throw new AssertionError(HexFormat.of().formatHex(bytes) + ", seed " + seed, e);
    }
    long used = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertTrue(
        !warm || used <= BYTES_ALWAYS + BYTES_PER_BYTE * bytes.length,
        () -> used + " bytes for " + HexFormat.of().formatHex(bytes) + ", seed " + seed);
  }

  private byte[] changed(byte[] good) {
    byte[] bytes = good.clone();
    for (int n = random.nextInt(4); n > 0 && bytes.length > 0; n--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 9), (byte) 0xFF);
        case 3 -> System.arraycopy(good, 0, bytes, at, Math.min(good.length, bytes.length - at));
        case 4 -> bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(20));
        default -> bytes = Arrays.copyOf(bytes, at);
      }
    }
    return bytes;
  }

  private static List<Class<?>> members(Class<?> sealedType) {
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

  private Record record(Class<?> type) throws ReflectiveOperationException {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    @Nullable Object[] values = new @Nullable Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      values[i] = value(components[i].getGenericType());
    }
    Constructor<?> constructor = type.getDeclaredConstructor(types);
    constructor.setAccessible(true);
    return (Record) constructor.newInstance(values);
  }

  private Object value(Type type) throws ReflectiveOperationException {
    if (type instanceof ParameterizedType list) {
      List<Object> values = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        values.add(value(list.getActualTypeArguments()[0]));
      }
      return values;
    }
    Class<?> c = (Class<?>) type;
    if (c == boolean.class || c == Boolean.class) {
      return random.nextBoolean();
    } else if (c == int.class || c == Integer.class) {
      return random.nextInt() >> random.nextInt(32);
    } else if (c == long.class || c == Long.class) {
      return random.nextLong() >> random.nextInt(64);
    } else if (c == String.class) {
      return "s".repeat(random.nextInt(30));
    } else if (c == byte[].class) {
      return new byte[random.nextInt(40)];
    } else if (c == int[].class) {
      return random.ints(random.nextInt(9)).toArray();
    } else if (c == long[].class) {
      return random.longs(random.nextInt(9)).toArray();
    } else if (c.isEnum()) {
      return c.getEnumConstants()[random.nextInt(c.getEnumConstants().length)];
    } else if (c.isRecord()) {
      return record(c);
    }
    List<Class<?>> members = members(c);
    return record(members.get(random.nextInt(members.size())));
  }
}
