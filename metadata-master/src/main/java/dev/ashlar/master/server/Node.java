package dev.ashlar.master.server;

import dev.ashlar.master.raft.FatalHandler;
import dev.ashlar.master.raft.RaftSetup;
import dev.ashlar.master.raft.RatisReplicator;
import dev.ashlar.master.raft.Replicator;
import dev.ashlar.master.raft.Replicator.Member;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.store.KeyValueStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.RealWorld;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.RecordCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * A master that takes part in Raft, and the thread that watches whether it leads and does a
 * leader's duties.
 *
 * @param replicator owned
 */
record Node(
    Identity identity,
    Replicator replicator,
    Metadata metadata,
    Leadership leadership,
    Status status,
    Administration administration)
    implements AutoCloseable {
  /**
   * @param identity formed
   */
  static Node start(MasterConfig config, Identity identity, MasterClient others, FatalHandler fatal)
      throws AshlarException {
    requireLog(config, identity);
    List<Member> members =
        identity.founders().stream().map(f -> new Member(f.name(), f.raftAddress())).toList();
    RaftSetup setup =
        new RaftSetup(
            config.name(),
            UUID.fromString(identity.group()),
            config.dir(),
            config.raftAddress(),
            members,
            config.raft());
    RatisReplicator replicator =
        RatisReplicator.start(
            setup,
            new StateApplier(),
            () -> RecordCodec.encodeTagged(new LogCommand.Tick()),
            fatal);
    boolean done = false;
    try {
      Identity started = identity.withStarted();
      started.save(config.dir());
      Node node =
          of(
              config,
              started,
              replicator,
              replicator.store(),
              others::introduce,
              RealWorld.INSTANCE);
      done = true;
      return node;
    } catch (IOException e) {
      throw new AshlarException(
          ErrorCode.UNAVAILABLE,
          "Master " + config.name() + " cannot write to " + config.dir() + ": " + e,
          e);
    } finally {
      if (!done) {
        replicator.close();
      }
    }
  }

  /**
   * A node on a log and store that take part already.
   *
   * @param replicator passes to the node
   */
  static Node of(
      MasterConfig config,
      Identity identity,
      Replicator replicator,
      KeyValueStore store,
      Administration.Others others,
      World world) {
    Metadata metadata = new Metadata(replicator, store, world);
    return new Node(
        identity,
        replicator,
        metadata,
        new Leadership(config, identity, metadata),
        new Status(config, metadata),
        new Administration(config, metadata, others));
  }

  /**
   * A directory that once had a log and has none was wiped in part; its vote is lost. What it
   * promised must be there too, or a shorter log would look whole.
   */
  private static void requireLog(MasterConfig config, Identity identity) throws AshlarException {
    Path log = config.dir().resolve("raft").resolve("log").resolve(identity.group());
    Path promises = RatisReplicator.promises(config.dir());
    boolean kept = !identity.promises() || Files.isRegularFile(promises) && size(promises) > 0;
    if (identity.started() && (!kept || !Files.isDirectory(log))) {
      throw new AshlarException(
          ErrorCode.CORRUPT,
          (kept ? "The Raft log" : "The list of promises")
              + " of master "
              + config.name()
              + " is gone from "
              + (kept ? log : promises)
              + ", and with it what this master had promised. Give it an empty directory and a new name, run 'bin/ashlar masters replace "
              + config.name()
              + " NEW-NAME RAFT-ADDRESS CLIENT-ADDRESS' against a running master, and start it with --join");
    }
  }

  private static long size(Path file) throws AshlarException {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new AshlarException(ErrorCode.CORRUPT, "Cannot read " + file + ": " + e, e);
    }
  }

  @Override
  public void close() {
    leadership.close();
    replicator.close();
  }
}
