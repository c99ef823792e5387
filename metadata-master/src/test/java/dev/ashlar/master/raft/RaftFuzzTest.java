package dev.ashlar.master.raft;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bytes of entries, replies, votes, promises and log files, changed and random: read, or refused by
 * the exception that says so, in bounded time and memory.
 */
final class RaftFuzzTest {
  private static final long BYTES_PER_BYTE = 64;
  private static final long BYTES_ALWAYS = 200 << 10;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long seed = Long.getLong("ashlar.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @FunctionalInterface
  private interface Decoder {
    void read(byte[] bytes) throws IOException;
  }

  @Test
  void changedBytes(@TempDir Path dir) {
    rounds(3_000, dir);
  }

  @Test
  @Tag("slow")
  void manyChangedBytes(@TempDir Path dir) {
    rounds(100_000 * Integer.getInteger("ashlar.rounds", 10), dir);
  }

  /** Classes are loaded at first, which takes memory of its own. */
  private int warm = 200;

  private void rounds(int count, Path dir) {
    System.out.println("RaftFuzzTest: -Dashlar.seed=" + seed);
    List<byte[]> commands = List.of(new byte[] {1, 2, 3}, new byte[0], new byte[200]);
    byte[] vote = "#\n#Sat Nov 21\nterm=5\nvotedFor=n1\n".getBytes(StandardCharsets.UTF_8);
    Path log = dir.resolve("log_inprogress_0");
    assertTimeoutPreemptively(
        Duration.ofMinutes(Math.max(1, count / 20_000)),
        () -> {
          for (int i = 0; i < count; i++) {
            run(new Entry(i, commands).encode(), b -> Entry.decode(ByteBuffer.wrap(b)));
            run(Entry.encodeReplies(commands), b -> Entry.decodeReplies(ByteBuffer.wrap(b)));
            run(vote, Vote::parse);
            run(new byte[64], Promises::decode);
            if (i % 10 == 0) {
              run(
                  log(),
                  b -> {
                    Files.write(log, b);
                    LogAudit.of(dir, 1 << 20);
                  });
            }
          }
        });
  }

  private byte[] log() {
    ByteBuffer out = ByteBuffer.allocate(4_000);
    out.put("RaftLog1".getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < 5; i++) {
      byte[] data = new byte[random.nextInt(200)];
      byte[] entry =
          LogEntryProto.newBuilder()
              .setTerm(1)
              .setIndex(i)
              .setStateMachineLogEntry(
                  StateMachineLogEntryProto.newBuilder().setLogData(ByteString.copyFrom(data)))
              .build()
              .toByteArray();
      int start = out.position();
      if (entry.length > 127) {
        out.put((byte) (entry.length & 0x7F | 0x80)).put((byte) (entry.length >> 7));
      } else {
        out.put((byte) entry.length);
      }
      out.put(entry);
      byte[] covered = new byte[out.position() - start];
      out.get(start, covered);
      out.putInt(Promises.crc(covered, covered.length));
    }
    return Arrays.copyOf(out.array(), out.position() + random.nextInt(50));
  }

  private void run(byte[] good, Decoder decoder) {
    byte[] bytes = random.nextInt(10) == 0 ? noise() : changed(good);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      decoder.read(bytes);
    } catch (IOException | IllegalStateException e) {
      assertTrue(e.getMessage() != null, "says what is wrong");
    } catch (RuntimeException | Error e) {
      throw new AssertionError(HexFormat.of().formatHex(bytes) + ", seed " + seed, e);
    }
    long used = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertTrue(
        warm-- > 0 || used <= BYTES_ALWAYS + BYTES_PER_BYTE * bytes.length,
        () -> used + " bytes for " + HexFormat.of().formatHex(bytes) + ", seed " + seed);
  }

  private byte[] noise() {
    byte[] bytes = new byte[random.nextInt(200)];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] changed(byte[] good) {
    byte[] bytes = good.clone();
    for (int n = 1 + random.nextInt(3); n > 0 && bytes.length > 0; n--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 4), (byte) 0xFF);
        case 3 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 2), (byte) 0x7F);
        default -> bytes = Arrays.copyOf(bytes, at);
      }
    }
    return bytes;
  }
}
