package dev.ashlar.master.server;

import dev.ashlar.master.raft.Replicator;
import dev.ashlar.master.store.KeyValueStore;
import dev.ashlar.master.store.WriteTxn;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A log of one that applies at once, on the caller's thread. */
class LocalReplicator implements Replicator {
  private final KeyValueStore store;
  private final StateApplier applier = new StateApplier();
  private final long timeNs;

  /**
   * @param timeNs wall clock of all commands
   */
  LocalReplicator(KeyValueStore store, long timeNs) {
    this.store = store;
    this.timeNs = timeNs;
  }

  @Override
  public CompletableFuture<byte[]> propose(byte[] command) {
    try (WriteTxn txn = store.write()) {
      byte[] reply = applier.apply(txn, timeNs, command);
      txn.commit();
      return CompletableFuture.completedFuture(reply);
    }
  }

  @Override
  public CompletableFuture<Void> readBarrier() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public boolean isLeader() {
    return true;
  }

  @Override
  public long term() {
    return 1;
  }

  @Override
  public String leader() {
    return "m1";
  }

  @Override
  public long appliedIndex() {
    return store.applied().index();
  }

  @Override
  public List<Member> members() {
    return List.of(new Member("m1", "h:1"));
  }

  @Override
  public List<String> reachable() {
    return List.of();
  }

  @Override
  public Map<String, Long> committed() {
    return Map.of();
  }

  @Override
  public String snapshot() {
    return "";
  }

  @Override
  public void transfer(String member) {}

  @Override
  public void add(Member member) {}

  @Override
  public void remove(String member) {}

  @Override
  public void close() {}
}
