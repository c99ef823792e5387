package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.TokenSigner;
import dev.ashlar.protocol.message.MasterReply.TokenKey;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class TokenGateTest {
  private static final byte[] SECRET =
      "a secret of the cluster".getBytes(java.nio.charset.StandardCharsets.UTF_8);
  private static final int BOTH = BlockToken.READ | BlockToken.WRITE;

  private final BlockKey block = new BlockKey(7, 3, 1);
  private final TokenSigner signer = new TokenSigner(5, SECRET);
  private long nowMs = 1_000;
  private final TokenGate gate = new TokenGate(() -> nowMs);

  private void knowKeys() {
    gate.keys(List.of(new TokenKey(4, new byte[] {1}), new TokenKey(5, SECRET)));
  }

  @Test
  void lets_good_tokens_pass_again_and_again() {
    knowKeys();
    BlockToken t = signer.sign(7, 3, BOTH, 9, 2, 2_000);
    for (int i = 0; i < 3; i++) {
      assertDoesNotThrow(() -> gate.checkWrite(t, block, 2));
      assertDoesNotThrow(() -> gate.checkRead(t, block));
    }
    BlockToken later = signer.sign(7, 4, BlockToken.READ, 0, 2, 2_000);
    assertDoesNotThrow(() -> gate.checkRead(later, block));
    BlockToken any = signer.sign(BlockToken.ANY_CHUNK, 0, BlockToken.READ, 0, 0, 2_000);
    assertDoesNotThrow(() -> gate.checkRead(any, block));
    assertDoesNotThrow(() -> gate.checkReadAll(any));
  }

  @Test
  void asks_to_retry_while_it_knows_no_keys() {
    refuses(ErrorCode.RETRY, () -> gate.checkRead(signer.sign(7, 3, BOTH, 9, 2, 2_000), block));
  }

  @Test
  void refuses_other_chunks_versions_groups_and_rights() {
    knowKeys();
    refuses(
        ErrorCode.BAD_TOKEN, () -> gate.checkWrite(signer.sign(8, 3, BOTH, 9, 2, 2_000), block, 2));
    refuses(
        ErrorCode.BAD_TOKEN, () -> gate.checkWrite(signer.sign(7, 4, BOTH, 9, 2, 2_000), block, 2));
    refuses(
        ErrorCode.BAD_TOKEN, () -> gate.checkWrite(signer.sign(7, 3, BOTH, 9, 3, 2_000), block, 2));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkWrite(signer.sign(7, 3, BlockToken.READ, 9, 2, 2_000), block, 2));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkWrite(signer.sign(BlockToken.ANY_CHUNK, 3, BOTH, 9, 2, 2_000), block, 2));
    refuses(ErrorCode.BAD_TOKEN, () -> gate.checkRead(signer.sign(8, 3, BOTH, 9, 2, 2_000), block));
    refuses(ErrorCode.BAD_TOKEN, () -> gate.checkRead(signer.sign(7, 2, BOTH, 9, 2, 2_000), block));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkRead(signer.sign(7, 3, BlockToken.WRITE, 9, 2, 2_000), block));
    refuses(ErrorCode.BAD_TOKEN, () -> gate.checkReadAll(signer.sign(7, 3, BOTH, 9, 2, 2_000)));
  }

  @Test
  void refuses_expired_tokens_also_if_they_were_seen_before() {
    knowKeys();
    BlockToken t = signer.sign(7, 3, BOTH, 9, 2, 2_000);
    assertDoesNotThrow(() -> gate.checkRead(t, block));
    nowMs = 2_000;
    refuses(ErrorCode.BAD_TOKEN, () -> gate.checkRead(t, block));
  }

  @Test
  void refuses_forgeries_of_a_token_it_has_seen() {
    knowKeys();
    BlockToken t = signer.sign(7, 3, BOTH, 9, 2, 2_000);
    assertDoesNotThrow(() -> gate.checkRead(t, block));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkRead(new BlockToken(7, 3, BOTH, 10, 2, 2_000, 5, t.mac()), block));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkRead(new BlockToken(7, 3, BOTH, 9, 2, 9_000, 5, t.mac()), block));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkRead(new BlockToken(7, 3, BOTH, 9, 2, 2_000, 5, new byte[32]), block));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkRead(new BlockToken(7, 3, BOTH, 9, 2, 2_000, 5, new byte[0]), block));
    refuses(
        ErrorCode.BAD_TOKEN,
        () -> gate.checkRead(new BlockToken(7, 3, BOTH, 9, 2, 2_000, 99, t.mac()), block));
  }

  @Test
  void forgets_tokens_of_a_key_that_was_taken_out_of_use() {
    knowKeys();
    BlockToken t = signer.sign(7, 3, BOTH, 9, 2, 2_000);
    assertDoesNotThrow(() -> gate.checkRead(t, block));
    gate.keys(List.of(new TokenKey(6, new byte[] {2})));
    refuses(ErrorCode.BAD_TOKEN, () -> gate.checkRead(t, block));
  }

  @Test
  void asks_to_retry_with_a_key_that_the_next_heartbeat_will_bring() {
    knowKeys();
    BlockToken t = new TokenSigner(6, SECRET).sign(7, 3, BOTH, 9, 2, 2_000);
    refuses(ErrorCode.RETRY, () -> gate.checkRead(t, block));
  }

  private static void refuses(ErrorCode code, Executable check) {
    assertEquals(code, assertThrows(AshlarException.class, check).code());
  }
}
