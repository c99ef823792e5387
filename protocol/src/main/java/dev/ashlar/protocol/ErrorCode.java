package dev.ashlar.protocol;

/**
 * Why an operation failed, as it travels on the wire. The order is the wire format: append only.
 */
public enum ErrorCode {
  /** A bug on the other side; its log has the details. */
  INTERNAL,
  /**
   * This master does not lead; the detail holds the leader's client address, or is empty while
   * electing.
   */
  NOT_LEADER,
  /**
   * Try the same request again soon; this server knows of no decision about it. A command may still
   * be carried out: repeat it under its number.
   */
  RETRY,
  /** No answer in time: the operation may or may not have happened. */
  TIMEOUT,
  /** The peer cannot be reached, or too few servers can. */
  UNAVAILABLE,
  NOT_FOUND,
  EXISTS,
  NOT_DIRECTORY,
  IS_DIRECTORY,
  NOT_EMPTY,
  /** The request makes no sense: bad name, range, enum, too many symbolic links. */
  INVALID,
  NAME_TOO_LONG,
  TOO_LARGE,
  PERMISSION,
  /** No disk has room for it. */
  NO_SPACE,
  /** The lease is gone, held by somebody else, or of an older epoch. */
  LEASE_LOST,
  /** Somebody else changed it first (compare-and-set failed). */
  CONFLICT,
  /** This block version is no longer (or not yet) here: ask the master for the map again. */
  VERSION_GONE,
  /** The token is missing, forged, expired or for something else. */
  BAD_TOKEN,
  /** The request carries an epoch older than one already seen. */
  STALE_EPOCH,
  /** Bytes do not match their checksum. */
  CORRUPT,
  /** The disk reported an error and is out of service. */
  DISK_FAILED,
  /** The other side speaks a version of the protocol that this one does not. */
  UNSUPPORTED_VERSION,
  /** The client's session ran out; its unanswered commands must not be repeated. */
  SESSION_EXPIRED,
  NO_ATTRIBUTE,
  /** Too many blocks of a stripe are gone: what is left cannot be decoded. */
  DATA_LOST,
  /**
   * Too many blocks of a stripe are on servers that do not answer at present; none is known lost.
   */
  DATA_AWAY
}
