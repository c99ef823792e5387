package dev.ashlar.master.store;

/**
 * The store failed or holds bytes that do not match their checksum. Fatal: stop the process and
 * restore from a snapshot or from the peers.
 */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StoreException(String message) {
    super(message);
  }

  public StoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
