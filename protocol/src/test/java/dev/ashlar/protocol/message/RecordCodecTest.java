package dev.ashlar.protocol.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Seed;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordCodecTest {
  @Test
  void everyMessageSurvivesTheRoundTrip() throws DecodeException {
    long seed = Seed.next();
    RandomRecords records = new RandomRecords(seed);
    for (Class<?> type : RandomRecords.members(Message.class)) {
      for (int i = 0; i < 50; i++) {
        Message message = (Message) records.record(type);
        Message back =
            RecordCodec.decodeMessage(ByteBuffer.wrap(RecordCodec.encodeMessage(message)));
        assertTrue(
            RandomRecords.same(message, back),
            () -> message + " came back as " + back + ", seed " + seed);
      }
    }
  }

  @Test
  void directReadOnlyAndOffsetBuffersAreReadAlike() throws DecodeException {
    byte[] bytes = RecordCodec.encode(new Shapes.Old(77, "name"));
    ByteBuffer direct = ByteBuffer.allocateDirect(100).position(11).put(bytes).flip().position(11);
    ByteBuffer heap = ByteBuffer.allocate(100).position(11).put(bytes).flip().position(11);
    for (ByteBuffer in : List.of(direct, heap, heap.slice(), heap.asReadOnlyBuffer())) {
      assertEquals(new Shapes.Old(77, "name"), RecordCodec.decode(Shapes.Old.class, in));
      assertFalse(in.hasRemaining());
    }
  }

  @Test
  void recordsFollowEachOther() throws DecodeException {
    var out = Unpooled.buffer();
    RecordCodec.encode(new Shapes.Old(1, "a"), out);
    RecordCodec.encodeTagged(new Shapes.One(2), out);
    RecordCodec.encode(new Shapes.Empty(), out);
    ByteBuffer in = out.nioBuffer();
    assertEquals(new Shapes.Old(1, "a"), RecordCodec.decode(Shapes.Old.class, in));
    assertEquals(new Shapes.One(2), RecordCodec.decodeTagged(Shapes.Choice.class, in));
    assertEquals(new Shapes.Empty(), RecordCodec.decode(Shapes.Empty.class, in));
    assertFalse(in.hasRemaining());
  }

  /** The format is pinned: if this fails, old disks and other versions can no longer be read. */
  @Test
  void bytesAreTheseForEver() {
    assertGolden("01 03 00 01 03", new ErrorReply(ErrorCode.INTERNAL, "\u0003"));
    assertGolden("66 07 02 05 68 65 6c 6c 6f", new MasterRequest.Lookup(1, "hello"));
    assertGolden("67 01 53", new MasterRequest.GetAttr(-42));
    assertGolden("ac 02 00", new MasterReply.Done());
    assertGolden(
        "64 18 fe ff ff ff ff ff ff ff ff 01 0e 0c 03 0a 02 03 c3 a9 7a da 07 d0 0f 00",
        new MasterRequest.Submit(
            Long.MAX_VALUE, 7, 6, new Command.Mkdir(1, "\u00e9z", 0755, 1000, 0)));
    assertGolden(
        "f6 03 18 03 24 04 0a 16 0c 24 04 02 00 12 d0 0f 02 03 01 02 03 80 80 08 80 80 04",
        new ChunkRequest.ReadBlock(
            new BlockKey(18, 2, 5),
            11,
            new BlockToken(18, 2, BlockToken.READ, 0, 9, 1000, 1, new byte[] {1, 2, 3}),
            65536,
            32768));
    assertGolden(
        "da 04 0e 00 02 01 02 03 04 ff ff ff ff 80 80 80 08",
        new ChunkReply.BlockData(0, new int[] {0x01020304, -1}, 8 << 20));
    assertGolden("b9 02 05 03 02 83 01 7f", new MasterReply.Alive(new long[] {1, -66, -64}));
  }

  @Test
  void missingComponentsAreZeroOrEmpty() throws DecodeException {
    Shapes.New read =
        RecordCodec.decode(Shapes.New.class, RecordCodec.encode(new Shapes.Old(5, "five")));
    Shapes.New expected =
        new Shapes.New(
            5,
            "five",
            false,
            0,
            0,
            "",
            new byte[0],
            new int[0],
            new long[0],
            FileType.FILE,
            new Shapes.Inner(0, ""),
            List.of(),
            null,
            null);
    assertTrue(RandomRecords.same(expected, read), read::toString);
  }

  @Test
  void unknownComponentsAreSkipped() throws DecodeException {
    RandomRecords records = new RandomRecords(4);
    for (int i = 0; i < 100; i++) {
      Shapes.NewOuter later = (Shapes.NewOuter) records.record(Shapes.NewOuter.class);
      Shapes.OldOuter earlier =
          RecordCodec.decode(Shapes.OldOuter.class, RecordCodec.encode(later));
      assertEquals(new Shapes.Old(later.inner().id(), later.inner().name()), earlier.inner());
      assertEquals(
          later.list().stream().map(each -> new Shapes.Old(each.id(), each.name())).toList(),
          earlier.list());
      assertEquals(later.last(), earlier.last());
    }
  }

  @Test
  void recordsInsideGrowToo() throws DecodeException {
    Shapes.OldOuter earlier =
        new Shapes.OldOuter(new Shapes.Old(1, "x"), List.of(new Shapes.Old(2, "y")), 9);
    Shapes.NewOuter later = RecordCodec.decode(Shapes.NewOuter.class, RecordCodec.encode(earlier));
    assertEquals(9, later.last());
    assertEquals("y", later.list().getFirst().name());
    assertEquals("", later.list().getFirst().text());
  }

  @Test
  void nullableComponentsMayBeNull() throws DecodeException {
    RandomRecords records = new RandomRecords(8);
    for (int i = 0; i < 200; i++) {
      Record any = records.record(Shapes.AllNullable.class);
      assertTrue(
          RandomRecords.same(
              any, RecordCodec.decode(Shapes.AllNullable.class, RecordCodec.encode(any))));
    }
  }

  @Test
  void nullWhereNoneIsAllowedIsRefused() {
    assertThrows(RuntimeException.class, () -> RecordCodec.encode(new Shapes.Old(1, nothing())));
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.encode(new Shapes.HasChoice(1, nothing())));
  }

  @Test
  void unknownTagsAndEnumsSayThatTheOtherSideMayBeNewer() {
    assertCode(
        ErrorCode.UNSUPPORTED_VERSION,
        () ->
            RecordCodec.decodeTagged(
                Shapes.Choice.class, RecordCodec.encodeTagged(new Shapes.Eight())));
    assertCode(
        ErrorCode.UNSUPPORTED_VERSION,
        () -> RecordCodec.decodeMessage(ByteBuffer.wrap(new byte[] {1, 3, 127, 1, 65})));
    assertCode(
        ErrorCode.UNSUPPORTED_VERSION,
        () -> RecordCodec.decodeMessage(ByteBuffer.wrap(new byte[] {0, 0})));
  }

  @Test
  void missingChoiceThatIsNotNullableIsAnError() {
    assertCode(
        ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.HasChoice.class, new byte[] {1, 2}));
  }

  @Test
  void bytesAfterAWholeRecordAreAnError() {
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Empty.class, new byte[] {0, 0}));
  }

  @Test
  void valuesThatTheRecordRefusesAreAnError() throws DecodeException {
    assertEquals(new Shapes.Picky(3), RecordCodec.decode(Shapes.Picky.class, new byte[] {1, 6}));
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Picky.class, new byte[] {1, 4}));
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Picky.class, new byte[] {0}));
  }

  @Test
  void badPrimitivesAreErrors() {
    assertCode(
        ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Inner.class, hex("05 80 80 80 80 80")));
    assertCode(
        ErrorCode.INVALID,
        () -> RecordCodec.decode(Shapes.Inner.class, hex("0a ff ff ff ff ff ff ff ff ff 02")));
    assertCode(
        ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Picky.class, hex("05 80 80 80 80 10")));
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Inner.class, hex("03 02 01 ff")));
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Inner.class, hex("03 02 7f 41")));
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Inner.class, hex("")));
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.New.class, hex("03 02 00 02")));
  }

  @Test
  void halfASurrogatePairIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> RecordCodec.encode(new Shapes.Old(1, "a\uD800b")));
  }

  @Test
  void nestingIsBounded() {
    Shapes.Chain chain = new Shapes.Chain(null);
    for (int i = 0; i < 31; i++) {
      chain = new Shapes.Chain(chain);
    }
    Shapes.Chain deepest = chain;
    assertEquals(chain, assertDecodes(Shapes.Chain.class, RecordCodec.encode(chain)));
    assertThrows(
        IllegalArgumentException.class, () -> RecordCodec.encode(new Shapes.Chain(deepest)));
    byte[] deep = new byte[0];
    for (int i = 0; i < 40; i++) {
      byte[] outer = new byte[deep.length + 2];
      outer[0] = (byte) (deep.length + 1);
      outer[1] = 1;
      System.arraycopy(deep, 0, outer, 2, deep.length);
      deep = outer;
    }
    byte[] tooDeep = deep;
    assertCode(ErrorCode.INVALID, () -> RecordCodec.decode(Shapes.Chain.class, tooDeep));
  }

  @Test
  void listsAreBounded() {
    List<Shapes.Tree> million =
        new ArrayList<>(Collections.nCopies(1 << 20, new Shapes.Tree(List.of())));
    assertEquals(
        1 << 20,
        assertDecodes(Shapes.Tree.class, RecordCodec.encode(new Shapes.Tree(million)))
            .children()
            .size());
    million.add(new Shapes.Tree(List.of()));
    assertThrows(
        IllegalArgumentException.class, () -> RecordCodec.encode(new Shapes.Tree(million)));
  }

  @Test
  void decodedListsCannotBeChanged() {
    Shapes.Tree tree =
        assertDecodes(
            Shapes.Tree.class,
            RecordCodec.encode(new Shapes.Tree(List.of(new Shapes.Tree(List.of())))));
    assertThrows(UnsupportedOperationException.class, () -> tree.children().clear());
    assertThrows(UnsupportedOperationException.class, () -> tree.children().set(0, tree));
  }

  @Test
  void typesWithoutEncodingAreNamed() {
    assertThrows(
        IllegalArgumentException.class, () -> RecordCodec.encode(new Shapes.NoEncoding(1)));
    assertThrows(
        IllegalArgumentException.class, () -> RecordCodec.encodeTagged(new Shapes.Untagged()));
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.decodeTagged(Shapes.TwiceTagged.class, new byte[] {4, 0}));
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.decodeTagged(Runnable.class, new byte[] {4, 0}));
  }

  private static <T extends Record> T assertDecodes(Class<T> type, byte[] bytes) {
    try {
      return RecordCodec.decode(type, bytes);
    } catch (DecodeException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertGolden(String hex, Message message) {
    byte[] bytes = RecordCodec.encodeMessage(message);
    assertArrayEquals(hex(hex), bytes, () -> message + " is now " + ByteBufUtil.hexDump(bytes));
  }

  private static void assertCode(
      ErrorCode code, org.junit.jupiter.api.function.Executable decoding) {
    DecodeException e = assertThrows(DecodeException.class, decoding);
    assertEquals(code, e.code(), e::toString);
  }

  private static byte[] hex(String text) {
    return ByteBufUtil.decodeHexDump(text.replace(" ", ""));
  }

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return null;
  }
}
