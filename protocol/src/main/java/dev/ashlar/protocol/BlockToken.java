package dev.ashlar.protocol;

/**
 * The master's permission to touch the blocks of one chunk, checked by chunk servers (see {@link
 * TokenSigner}).
 *
 * @param version highest version it is for: writing needs exactly this one, reading any up to it
 * @param rights sum of {@link #READ} and {@link #WRITE}
 * @param epoch lease epoch of the writer, 0 for readers
 * @param group placement group of the chunk
 * @param expiresMs wall clock of the signing master, ms since 1970, after which it is worth nothing
 * @param keyId which of the cluster's signing keys made {@code mac}
 * @param mac HMAC-SHA256 over the rest
 */
public record BlockToken(
    long chunk,
    long version,
    int rights,
    long epoch,
    long group,
    long expiresMs,
    int keyId,
    byte[] mac) {
  public static final int READ = 1;
  public static final int WRITE = 2;

  /** Chunk id in a token that is good for every chunk (rebuild between servers, fsck). */
  public static final long ANY_CHUNK = -1;
}
