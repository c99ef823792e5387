package dev.ashlar.master.server;

import dev.ashlar.master.raft.LogApplier;
import dev.ashlar.master.raft.Replicator;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.store.KeyValueStore;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.MasterReply.Introduced;
import dev.ashlar.protocol.message.RecordCodec;
import dev.ashlar.protocol.rpc.RpcHandler;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A master without directory, port and Raft of its own: these are given, and so is the world it
 * runs in. What it decides is what every master decides.
 */
public final class EmbeddedMaster implements AutoCloseable {
  private final MasterConfig config;
  private final World world;
  private final Identity identity;
  private final Pools pools;
  private final Front front;
  private volatile @Nullable Node node;

  /** One that answers, but is still starting. */
  public EmbeddedMaster(MasterConfig config, World world) {
    this.config = config;
    this.world = world;
    pools = Pools.of(config.name(), world);
    identity = new Identity(config.name(), 1, "embedded", List.of(), true, true);
    front = new Front(config, pools, new Introductions(identity), () -> node);
  }

  /**
   * From now on it takes part. Once.
   *
   * @param replicator passes to the master
   * @param store what the replicator applies to; its owner closes it
   */
  public void begin(Replicator replicator, KeyValueStore store) {
    node = Node.of(config, identity, replicator, store, EmbeddedMaster::nobody, world);
  }

  private static Introduced nobody(String address, long incarnation) throws AshlarException {
    throw new AshlarException(
        ErrorCode.UNAVAILABLE,
        "The masters of this cluster are given, there is none at " + address);
  }

  /** What a log applies its commands with. */
  public static LogApplier applier() {
    return new StateApplier();
  }

  /** A command that carries nothing but time. */
  public static byte[] tick() {
    return RecordCodec.encodeTagged(new LogCommand.Tick());
  }

  /** Answers requests. */
  public RpcHandler handler() {
    return front;
  }

  /** Whether it leads and serves. */
  public boolean leads() {
    Node n = node;
    return n != null && n.leadership().leader() != null;
  }

  @Override
  public void close() {
    pools.close();
    Node n = node;
    if (n != null) {
      n.close();
    }
  }
}
