package dev.ashlar.master.state;

import java.util.List;

/**
 * The payload of one Raft entry.
 *
 * @param timeNs the leader's wall clock when it proposed, ns since 1970. The state never goes back:
 *     a smaller value counts as the largest seen
 */
public record LogBatch(long timeNs, List<LogCommand> commands) {}
