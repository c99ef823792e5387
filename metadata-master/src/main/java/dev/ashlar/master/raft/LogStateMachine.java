package dev.ashlar.master.raft;

import dev.ashlar.master.raft.SnapshotFiles.Snapshot;
import dev.ashlar.master.store.Applied;
import dev.ashlar.master.store.LmdbStore;
import dev.ashlar.master.store.StoreException;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
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
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the library sees of the store: entries go to the {@link ApplyLoop}, snapshots to {@link
 * Snapshots}. The live store lies outside the library's directories.
 */
final class LogStateMachine extends BaseStateMachine {
  private static final Logger LOG = LoggerFactory.getLogger(LogStateMachine.class);

  private final RaftSetup setup;
  private final String name;
  private final Path dir;
  private final Promises promises;
  private final LogApplier applier;
  private final FatalHandler fatal;
  private final SnapshotStorage storage = new SnapshotStorage();
  private volatile @Nullable Parts parts;
  private volatile boolean stopping;

  private record Parts(LmdbStore store, ApplyLoop loop, Snapshots snapshots) {}

  private LogAudit.Outcome log = LogAudit.Outcome.NOTHING;

  /**
   * @param setup the store lies in the directory's {@code live}
   * @param promises stays the caller's
   */
  LogStateMachine(RaftSetup setup, Promises promises, LogApplier applier, FatalHandler fatal) {
    this.setup = setup;
    this.promises = promises;
    this.name = setup.name();
    this.dir = setup.dir();
    this.applier = applier;
    this.fatal = fatal;
  }

  /**
   * Looks at everything that the library is going to use, before it does.
   *
   * @throws AshlarException if this master must not take part
   */
  void check() throws IOException {
    List<Snapshot> snapshots = SnapshotFiles.in(snapshotDir());
    Store store = store(dir.resolve("live"));
    long sound =
        snapshots.stream()
            .filter(s -> s.fault() == null)
            .mapToLong(Snapshot::index)
            .max()
            .orElse(-1);
    log =
        StartCheck.run(
            setup,
            promises,
            new StartCheck.Has(SnapshotFiles.newest(snapshots), sound, store.applied));
    long base = Math.max(sound, store.applied);
    if (base < log.first() - 1) {
      throw StartFailure.damaged(
          setup,
          "its log begins at entry "
              + log.first()
              + ", but what came before is lost: "
              + (store.fault == null ? "" : store.fault + ", and ")
              + said(snapshots));
    }
    if (store.fault != null) {
      LOG.warn(
          "{} makes its store anew from the newest snapshot and the log: {}", name, store.fault);
      deleteTree(dir.resolve("live"));
    }
    for (Snapshot s : snapshots) {
      if (s.fault() != null) {
        LOG.warn("{} sets a snapshot aside: {} {}", name, s.path(), s.fault());
        SnapshotFiles.setAside(s);
      }
    }
  }

  private static String said(List<Snapshot> snapshots) {
    return snapshots.isEmpty()
        ? "there is no snapshot"
        : "the snapshot " + snapshots.getFirst().path() + " " + snapshots.getFirst().fault();
  }

  /**
   * @param fault why it cannot be used; null if it can, or is not there
   * @param applied last entry in it, -1 if it cannot be used
   */
  private record Store(@Nullable String fault, long applied) {}

  /**
   * After a machine crash the live store cannot be trusted, since its commits are not synced, and
   * neither can a damaged one: then the newest snapshot and the log make it anew.
   */
  private Store store(Path live) throws IOException {
    if (!Files.exists(live)) {
      return new Store(null, -1);
    }
    String fault =
        LmdbStore.trusted(live)
            ? LmdbStore.fault(live)
            : live + " was not closed before the machine stopped";
    if (fault == null) {
      try (LmdbStore store = openLive()) {
        return new Store(null, store.applied().index());
      } catch (StoreException e) {
        fault = String.valueOf(e.getMessage());
      }
    }
    return new Store(fault, -1);
  }

  private LmdbStore openLive() {
    return new LmdbStore(dir.resolve("live"), setup.settings().mapSizeBytes());
  }

  private Path snapshotDir() {
    return StartCheck.current(setup).resolveSibling("sm");
  }

  Promises promises() {
    return promises;
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
          Snapshots snapshots = new Snapshots(name, storage, store, dir.resolve("copy"));
          if (snapshots.finished()
              < (log.first() < 0 ? store.applied().index() : log.first() - 1)) {
            snapshots.copy();
          }
          parts = new Parts(store, new ApplyLoop(name, store, applier, fatal), snapshots);
        });
    // Before this master answers anybody, so before it can vote.
    DurableNames.sync(dir, StartCheck.current(setup));
    promises.begin(name, log.last(), StartCheck.current(setup));
  }

  private LmdbStore openStore(@Nullable SingleFileSnapshotInfo snapshot) throws IOException {
    LmdbStore store = openLive();
    store.onDamage(e ->
        fatal.fatal(
            "The metadata store of "
                + name
                + " is damaged, and this master stops before it answers anything wrong: start it again, and it makes its store anew",
            e));
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
    String fault = SnapshotFiles.fault(file);
    if (fault != null) {
      throw new IOException("The snapshot " + file + " " + fault + ", so it cannot be used");
    }
    Snapshots.sync(file);
    Snapshots.sync(file.resolveSibling("."));
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

  /** Called before the library syncs its log, by the thread that does it. */
  @Override
  public CompletableFuture<Void> flush(long logIndex) {
    return new Synced(logIndex);
  }

  /**
   * The library asks for this after it has synced its log up to the index, by the thread that did,
   * and before anybody is told (see {@link RatisProperties}). If the sync failed it does not ask:
   * what may not be on media is not promised.
   */
  private final class Synced extends CompletableFuture<Void> {
    private final long index;

    Synced(long index) {
      this.index = index;
      complete(null);
    }

    @Override
    public @Nullable Void get() throws InterruptedException, ExecutionException {
      try {
        promises.synced(index);
      } catch (UncheckedIOException e) {
        if (!stopping) {
          fatal.fatal(name + " cannot note what it promises in " + dir + "; check the disk", e);
        }
        throw e;
      }
      return super.get();
    }
  }

  @Override
  public CompletableFuture<Void> truncate(long logIndex) {
    promises.cut(logIndex);
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext trx) {
    LogEntryProto entry = trx.getLogEntry();
    Applied position = new Applied(entry.getTerm(), entry.getIndex());
    promises.decided(position.index());
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
    promises.decided(index);
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
