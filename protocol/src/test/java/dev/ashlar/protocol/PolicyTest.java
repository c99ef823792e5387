package dev.ashlar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTest {
  @ParameterizedTest
  @CsvSource({
    "rs-6-3,      RS,     6, 3, 65536, rs-6-3",
    "RS-6-3,      RS,     6, 3, 65536, rs-6-3",
    "rs-6-3-64k,  RS,     6, 3, 65536, rs-6-3",
    "rs-10-4-1024k, RS,  10, 4, 1048576, rs-10-4-1024k",
    "rs-1-0,      RS,     1, 0, 65536, rs-1-0",
    "rs-60-4,     RS,    60, 4, 65536, rs-60-4",
    "xor-2-1,     XOR,    2, 1, 65536, xor-2-1",
    "xor-5-1-16k, XOR,    5, 1, 16384, xor-5-1-16k",
    "mirror-1,    MIRROR, 1, 0, 65536, mirror-1",
    "mirror-3,    MIRROR, 1, 2, 65536, mirror-3",
    "mirror-3-32k, MIRROR, 1, 2, 32768, mirror-3-32k",
  })
  void readsWhatPeopleWrite(
      String text, Policy.Kind kind, int k, int m, int cell, String canonical) {
    Policy policy = Policy.parse(text);
    assertEquals(new Policy(kind, k, m, cell), policy);
    assertEquals(canonical, policy.toString());
    assertEquals(policy, Policy.parse(policy.toString()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "rs",
        "rs-6",
        "rs--3",
        "rs-6-3-",
        "rs-6-3-64",
        "rs-6-3-0k",
        "rs-6-3-17k",
        "rs-6-3-2048k",
        "rs-0-3",
        "rs-62-3",
        "rs-999-999",
        "rs-1000-1",
        "xor-2-2",
        "xor-2-0",
        "xor-2",
        "mirror-0",
        "mirror-65",
        "mirror-3-1",
        "mirror",
        "lrc-12-2-2",
        " rs-6-3",
        "rs-6-3 ",
        "rs-6-3\n",
        "rs-\u0666-3",
        "rs-6-3-64K-",
        "rs-6-3-64k-32k",
        "rs-6-3-48k-64k",
        "rs-6-3-64k-9999k",
        "rs-6-3-64k-8256k",
        "rs-6-3-64k-",
        "mirror-3-64k-64"
      })
  void refusesTheRestWithASentence(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Policy.parse(text));
    assertTrue(String.valueOf(e.getMessage()).contains(" "), e::toString);
  }

  @ParameterizedTest
  @CsvSource({
    "rs-2-1-16k-64k,    rs-2-1-16k-64k,   131072",
    "rs-6-3-64k-8192k,  rs-6-3,           50331648",
    "mirror-2-16k-16k,  mirror-2-16k-16k, 16384",
    "rs-2-1-48k,        rs-2-1-48k,       16711680",
  })
  void blocksMayBeSmaller(String text, String canonical, long chunkBytes) {
    Policy policy = Policy.parse(text);
    assertEquals(canonical, policy.toString());
    assertEquals(policy, Policy.parse(canonical));
    assertEquals(chunkBytes, policy.chunkBytes());
  }

  /** A chunk server takes no larger block. */
  @Test
  void noBlockOfAWholeChunkIsTooLarge() {
    for (int cell = 16; cell <= 1024; cell += 16) {
      Policy policy = Policy.parse("rs-6-3-" + cell + "k");
      for (int i = 0; i < policy.width(); i++) {
        long length = BlockLayout.blockLength(policy, policy.chunkBytes(), i);
        assertTrue(length <= BlockLayout.BLOCK_BYTES, policy + " has blocks of " + length);
      }
    }
  }

  @Test
  void oneMoreLossMustBeSurvivable() {
    assertEquals(7, Policy.parse("rs-6-3").minimumBlocks());
    assertEquals(3, Policy.parse("xor-2-1").minimumBlocks());
    assertEquals(2, Policy.parse("mirror-3").minimumBlocks());
    assertEquals(1, Policy.parse("mirror-1").minimumBlocks());
  }

  @Test
  void sizesFollowFromTheNumbers() {
    Policy policy = Policy.parse("rs-6-3");
    assertEquals(9, policy.width());
    assertEquals(6 * 65536, policy.stripeBytes());
    assertEquals(48L << 20, policy.chunkBytes());
  }
}
