package dev.ashlar.master.raft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The payload of a log entry. */
final class EntryTest {
  @Test
  void comesBackAsItWas() {
    Entry back =
        Entry.decode(
            ByteBuffer.wrap(
                new Entry(-5, List.of(new byte[] {1, 2}, new byte[0], new byte[300])).encode()));
    assertEquals(-5, back.timeNs());
    assertEquals(3, back.commands().size());
    assertArrayEquals(new byte[] {1, 2}, back.commands().getFirst());
    assertEquals(300, back.commands().getLast().length);
  }

  @Test
  void repliesComeBack() {
    List<byte[]> replies =
        Entry.decodeReplies(ByteBuffer.wrap(Entry.encodeReplies(List.of(new byte[] {9}))));
    assertArrayEquals(new byte[] {9}, replies.getFirst());
  }

  @Test
  void nothingButAnEntryIsRead() {
    byte[] good = new Entry(1, List.of(new byte[] {1, 2})).encode();
    for (int length = 0; length < good.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(good, length));
      assertThrows(RuntimeException.class, () -> Entry.decode(cut));
    }
    good[0] = 2;
    assertThrows(IllegalStateException.class, () -> Entry.decode(ByteBuffer.wrap(good)));
  }
}
