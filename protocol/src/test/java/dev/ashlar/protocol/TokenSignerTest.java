package dev.ashlar.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class TokenSignerTest {
  private static final byte[] SECRET = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  private final TokenSigner signer = new TokenSigner(7, SECRET);
  private final BlockToken token =
      signer.sign(11, 12, BlockToken.READ | BlockToken.WRITE, 13, 14, 15);

  @Test
  void ownTokensAreRecognised() {
    assertTrue(signer.signed(token));
    assertTrue(new TokenSigner(7, SECRET).signed(token));
    assertEquals(7, token.keyId());
  }

  @Test
  void everyFieldIsBound() {
    byte[] mac = token.mac();
    byte[] flipped = mac.clone();
    flipped[31] ^= 1;
    byte[] cut = java.util.Arrays.copyOf(mac, 31);
    List<BlockToken> forged =
        List.of(
            new BlockToken(10, 12, 3, 13, 14, 15, 7, mac),
            new BlockToken(11, 13, 3, 13, 14, 15, 7, mac),
            new BlockToken(11, 12, 1, 13, 14, 15, 7, mac),
            new BlockToken(11, 12, 3, 12, 14, 15, 7, mac),
            new BlockToken(11, 12, 3, 13, 15, 15, 7, mac),
            new BlockToken(11, 12, 3, 13, 14, 16, 7, mac),
            new BlockToken(11, 12, 3, 13, 14, 15, 8, mac),
            new BlockToken(11, 12, 3, 13, 14, 15, 7, flipped),
            new BlockToken(11, 12, 3, 13, 14, 15, 7, cut),
            new BlockToken(11, 12, 3, 13, 14, 15, 7, new byte[0]));
    for (BlockToken each : forged) {
      assertFalse(signer.signed(each), each::toString);
    }
    assertTrue(signer.signed(new BlockToken(11, 12, 3, 13, 14, 15, 7, mac)));
  }

  @Test
  void otherKeysAreNotTrusted() {
    byte[] other = SECRET.clone();
    other[0]++;
    assertFalse(new TokenSigner(7, other).signed(token));
    assertFalse(new TokenSigner(8, SECRET).signed(token));
  }

  /** Masters and chunk servers of different versions must agree on it. */
  @Test
  void macIsThisForEver() {
    assertEquals(
        "c60e8a2ac6808bebf5729e61c10dd387165696c5eabfa9e9859cd7234a34b05f",
        HexFormat.of().formatHex(token.mac()));
  }
}
