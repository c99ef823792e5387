package dev.ashlar.master.raft;

import dev.ashlar.master.raft.Replicator.Member;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * Who this master is in Raft.
 *
 * @param name peer id; bound to this directory for ever
 * @param group id of the masters' Raft group
 * @param dir the library keeps its log in {@code dir/raft}; the live store is {@code dir/live}
 * @param raftAddress host:port to listen on, as the other masters know it
 * @param members at the group's formation, this one included; empty for one that joins later. Only
 *     looked at at the very first start
 */
public record RaftSetup(
    String name,
    UUID group,
    Path dir,
    String raftAddress,
    List<Member> members,
    RaftSettings settings) {}
