package dev.ashlar.protocol.message;

import dev.ashlar.protocol.ErrorCode;

/**
 * The answer to a request that failed.
 *
 * @param detail one sentence for a person, except NOT_LEADER: the leader's client address as
 *     host:port, or empty
 */
@Tag(1)
public record ErrorReply(ErrorCode code, String detail) implements Message {}
