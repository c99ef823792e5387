package dev.ashlar.protocol;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HMAC-SHA256 over the fields of a {@link BlockToken}, in order, big endian. Not thread-safe: one
 * per thread.
 */
public final class TokenSigner {
  private final int keyId;
  private final Mac mac;

  public TokenSigner(int keyId, byte[] secret) {
    this.keyId = keyId;
    try {
      mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Every JDK has HmacSHA256", e);
    }
  }

  public int keyId() {
    return keyId;
  }

  public BlockToken sign(
      long chunk, long version, int rights, long epoch, long group, long expiresMs) {
    return new BlockToken(
        chunk,
        version,
        rights,
        epoch,
        group,
        expiresMs,
        keyId,
        code(chunk, version, rights, epoch, group, expiresMs));
  }

  /** Whether this key made the token. Expiry and rights are the caller's to check. */
  public boolean signed(BlockToken t) {
    return t.keyId() == keyId
        && MessageDigest.isEqual(
            t.mac(), code(t.chunk(), t.version(), t.rights(), t.epoch(), t.group(), t.expiresMs()));
  }

  private byte[] code(
      long chunk, long version, int rights, long epoch, long group, long expiresMs) {
    ByteBuffer b = ByteBuffer.allocate(48);
    b.putLong(chunk)
        .putLong(version)
        .putInt(rights)
        .putLong(epoch)
        .putLong(group)
        .putLong(expiresMs)
        .putInt(keyId)
        .flip();
    mac.update(b);
    return mac.doFinal();
  }
}
