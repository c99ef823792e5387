package dev.ashlar.master.raft;

import dev.ashlar.master.store.Applied;
import dev.ashlar.master.store.LmdbStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the library sees of the store: entries go to the {@link ApplyLoop}, snapshots to {@link
 * Snapshots}. The live store lies outside the library's directories.
 */
final class LogStateMachine extends BaseStateMachine {
  private static final Logger LOG = LoggerFactory.getLogger(LogStateMachine.class);

  private final String name;
  private final Path dir;
  private final long mapSize;
  private final LogApplier applier;
  private final FatalHandler fatal;
  private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
  private volatile @Nullable Parts parts;
  private volatile boolean stopping;

  private record Parts(LmdbStore store, ApplyLoop loop, Snapshots snapshots) {}

  /**
   * @param dir of this master: the store lies in its {@code live}
   */
  LogStateMachine(String name, Path dir, long mapSize, LogApplier applier, FatalHandler fatal) {
    this.name = name;
    this.dir = dir;
    this.mapSize = mapSize;
    this.applier = applier;
    this.fatal = fatal;
  }

  /**
   * @throws IllegalStateException before the library initialised this
   */
  LmdbStore store() {
    return parts().store;
  }

  Snapshots snapshots() {
    return parts().snapshots;
  }

  private Parts parts() {
    Parts p = parts;
    if (p == null) {
      throw new IllegalStateException("The state machine of " + name + " is not initialised");
    }
    return p;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId group, RaftStorage raftStorage)
      throws IOException {
    super.initialize(server, group, raftStorage);
    getLifeCycle()
        .startAndTransition(() -> {
          storage.init(raftStorage);
          LmdbStore store = openStore(storage.loadLatestSnapshot());
          noteApplied(store.applied());
          parts =
              new Parts(
                  store,
                  new ApplyLoop(name, store, applier, fatal),
                  new Snapshots(name, storage, store, dir.resolve("copy")));
        });
  }

  /**
   * After a machine crash the live store cannot be trusted, since its commits are not synced: then
   * the newest snapshot and the log make it anew.
   */
  private LmdbStore openStore(@Nullable SingleFileSnapshotInfo snapshot) throws IOException {
    Path live = dir.resolve("live");
    if (!LmdbStore.trusted(live)) {
      deleteTree(live);
    }
    LmdbStore store = new LmdbStore(live, mapSize);
    if (snapshot != null && store.applied().index() < snapshot.getIndex()) {
      restore(store, snapshot);
    }
    LOG.info(
        "{} starts with its store at index {}, snapshot {}",
        name,
        store.applied().index(),
        snapshot);
    return store;
  }

  private static void restore(LmdbStore store, SingleFileSnapshotInfo snapshot) throws IOException {
    Path file = snapshot.getFile().getPath();
    if (!snapshot.hasMd5()) {
      throw new IOException(
          "The snapshot " + file + " has no checksum file beside it, so it cannot be trusted");
    }
    MD5FileUtil.verifySavedMD5(file.toFile(), snapshot.getFile().getFileDigest());
    store.restore(file);
  }

  private static void deleteTree(Path root) throws IOException {
    if (Files.exists(root)) {
      List<Path> all;
      try (Stream<Path> walk = Files.walk(root)) {
        all = walk.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path p : all) {
        Files.delete(p);
      }
    }
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return storage;
  }

  @Override
  public @Nullable SingleFileSnapshotInfo getLatestSnapshot() {
    return storage.getLatestSnapshot();
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext trx) {
    LogEntryProto entry = trx.getLogEntry();
    Applied position = new Applied(entry.getTerm(), entry.getIndex());
    return parts()
        .loop
        .submit(position, entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer())
        .thenApply(replies -> {
          noteApplied(position);
          return Message.valueOf(UnsafeByteOperations.unsafeWrap(replies));
        });
  }

  /**
   * The library calls this for its own entries. They too count as applied only after what lies
   * before them in the queue.
   */
  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    var _ = parts().loop.barrier().thenRun(() -> noteApplied(new Applied(term, index)));
  }

  /**
   * The library insists that this never falls; replay after a restart starts below the store's
   * position.
   */
  private synchronized void noteApplied(Applied position) {
    TermIndex now = getLastAppliedTermIndex();
    TermIndex next = TermIndex.valueOf(position.term(), position.index());
    if (position.index() >= 0 && (now == null || next.compareTo(now) > 0)) {
      updateLastAppliedTermIndex(next);
    }
  }

  @Override
  public long takeSnapshot() {
    return parts().snapshots.take();
  }

  @Override
  public void pause() {
    getLifeCycle().transition(LifeCycle.State.PAUSING);
    getLifeCycle().transition(LifeCycle.State.PAUSED);
  }

  /** A snapshot from another master was put in place: it replaces the live store. */
  @Override
  public void reinitialize() throws IOException {
    Parts p = parts();
    p.loop.barrier().join();
    SingleFileSnapshotInfo snapshot = storage.loadLatestSnapshot();
    if (snapshot == null) {
      throw new IOException("No snapshot lies where one was just installed");
    }
    if (p.store.applied().index() < snapshot.getIndex()) {
      restore(p.store, snapshot);
      p.snapshots.installed(snapshot.getIndex());
      applier.replaced();
      LOG.info("{} replaced its store by a snapshot at index {}", name, snapshot.getIndex());
    }
    setLastAppliedTermIndex(TermIndex.valueOf(p.store.applied().term(), p.store.applied().index()));
    if (getLifeCycleState() == LifeCycle.State.PAUSED) {
      getLifeCycle().transition(LifeCycle.State.STARTING);
      getLifeCycle().transition(LifeCycle.State.RUNNING);
    }
  }

  @Override
  public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto entry) {
    fatal.fatal(
        "The Raft log of " + name + " in " + dir + " cannot be written; check the disk", cause);
  }

  /**
   * The library gave up, for instance after the process was suspended for a minute. It never comes
   * back by itself.
   */
  @Override
  public void notifyServerShutdown(RoleInfoProto role, boolean allServer) {
    if (!stopping) {
      fatal.fatal(
          "Raft of "
              + name
              + " stopped by itself: it was removed from the cluster, or the process stood still for long. In the latter case start it again",
          new IllegalStateException("Role was " + role.getRole()));
    }
  }

  /** To be called before the server is closed on purpose. */
  void stopping() {
    stopping = true;
    Parts p = parts;
    if (p != null) {
      p.loop.closing();
    }
  }

  @Override
  public void close() {
    Parts p = parts;
    if (p != null) {
      p.loop.close();
      p.snapshots.close();
      p.store.close();
    }
  }
}
