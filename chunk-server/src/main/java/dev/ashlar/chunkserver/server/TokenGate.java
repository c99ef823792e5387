package dev.ashlar.chunkserver.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.TokenSigner;
import dev.ashlar.protocol.message.MasterReply.TokenKey;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Lets requests pass whose token the master signed for exactly what they ask. Knows the keys of the
 * last orders; tokens found good are remembered, since a block is written or read in many requests
 * under one token. Thread-safe.
 */
final class TokenGate {
  /** Remembered tokens; all are forgotten when there are more. */
  static final int REMEMBERED = 8192;

  private final LongSupplier clockMs;
  private volatile Known known = new Known(List.of());

  /**
   * @param clockMs wall clock, ms since 1970: what {@link BlockToken#expiresMs} is measured against
   */
  TokenGate(LongSupplier clockMs) {
    this.clockMs = clockMs;
  }

  /**
   * Takes the keys of the master's orders. Tokens of keys that are no longer among them are worth
   * nothing from now on.
   */
  void keys(List<TokenKey> keys) {
    Known now = known;
    if (!now.same(keys)) {
      known = new Known(keys);
    }
  }

  /**
   * Whether the caller may read this block: the right, the chunk (or all), and no version above the
   * token's.
   */
  void checkRead(BlockToken token, BlockKey block) throws AshlarException {
    check(token, BlockToken.READ);
    if (token.chunk() != BlockToken.ANY_CHUNK
        && (token.chunk() != block.chunk() || block.version() > token.version())) {
      throw refused(
          "the token is for chunk "
              + Long.toHexString(token.chunk())
              + " up to version "
              + token.version()
              + ", not for "
              + block);
    }
  }

  /**
   * Whether the caller may write this block: the right, and exactly this chunk, version and
   * placement group.
   */
  void checkWrite(BlockToken token, BlockKey block, long group) throws AshlarException {
    check(token, BlockToken.WRITE);
    if (token.chunk() != block.chunk()
        || token.version() != block.version()
        || token.group() != group) {
      throw refused(
          "the token is for chunk "
              + Long.toHexString(token.chunk())
              + " version "
              + token.version()
              + " in group "
              + token.group()
              + ", not for "
              + block
              + " in group "
              + group);
    }
  }

  /** Whether the caller may read every chunk. */
  void checkReadAll(BlockToken token) throws AshlarException {
    check(token, BlockToken.READ);
    if (token.chunk() != BlockToken.ANY_CHUNK) {
      throw refused("listing blocks needs a token for all chunks");
    }
  }

  private void check(BlockToken token, int right) throws AshlarException {
    Known now = known;
    if (now.signers.isEmpty()) {
      throw new AshlarException(
          ErrorCode.RETRY, "this chunk server has not reached a master yet and knows no keys");
    }
    if ((token.rights() & right) == 0) {
      throw refused("the token gives no right to " + (right == BlockToken.READ ? "read" : "write"));
    }
    if (token.expiresMs() <= clockMs.getAsLong()) {
      throw refused("the token has expired; ask the master for a new one");
    }
    now.verify(token);
  }

  private static AshlarException refused(String why) {
    return new AshlarException(ErrorCode.BAD_TOKEN, "Refused: " + why);
  }

  /** The keys of one moment and the tokens they proved. */
  private static final class Known {
    final Map<Integer, TokenSigner> signers = new HashMap<>();
    private final List<TokenKey> keys;
    private final int newest;
    private final Map<Seen, Boolean> seen = new ConcurrentHashMap<>();

    Known(List<TokenKey> keys) {
      this.keys = List.copyOf(keys);
      int max = 0;
      for (TokenKey k : keys) {
        signers.put(k.id(), new TokenSigner(k.id(), k.secret()));
        max = Math.max(max, k.id());
      }
      newest = max;
    }

    boolean same(List<TokenKey> others) {
      if (others.size() != keys.size()) {
        return false;
      }
      for (int i = 0; i < others.size(); i++) {
        if (others.get(i).id() != keys.get(i).id()
            || !Arrays.equals(others.get(i).secret(), keys.get(i).secret())) {
          return false;
        }
      }
      return true;
    }

    void verify(BlockToken t) throws AshlarException {
      TokenSigner signer = signers.get(t.keyId());
      if (signer == null) {
        if (t.keyId() == newest + 1) {
          throw new AshlarException(
              ErrorCode.RETRY,
              "the token is signed with a key newer than the last heartbeat brought");
        }
        throw refused(
            "the token is signed with key " + t.keyId() + ", which the cluster does not use");
      }
      if (t.mac().length != 32) {
        throw refused("the signature has " + t.mac().length + " bytes");
      }
      Seen key = Seen.of(t);
      if (seen.containsKey(key)) {
        return;
      }
      boolean good;
      synchronized (signer) {
        good = signer.signed(t);
      }
      if (!good) {
        throw refused("the token's signature is wrong");
      }
      if (seen.size() >= REMEMBERED) {
        seen.clear();
      }
      seen.put(key, true);
    }
  }

  /** A token with its signature by value, so that it can be a key. */
  private record Seen(
      long chunk,
      long version,
      int rights,
      long epoch,
      long group,
      long expiresMs,
      int keyId,
      ByteBuffer mac) {
    static Seen of(BlockToken t) {
      return new Seen(
          t.chunk(),
          t.version(),
          t.rights(),
          t.epoch(),
          t.group(),
          t.expiresMs(),
          t.keyId(),
          ByteBuffer.wrap(t.mac()));
    }
  }
}
