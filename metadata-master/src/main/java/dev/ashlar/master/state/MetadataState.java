package dev.ashlar.master.state;

import dev.ashlar.master.state.LogCommand.ClientCommand;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;

/**
 * The state machine: decides one command after the other and writes the effects. Deterministic: the
 * same log makes the same store, byte for byte. Keeps nothing between calls; used by the apply
 * thread only.
 */
public final class MetadataState {
  /**
   * @param timeNs of the batch; less than an earlier command's counts as that
   * @return MasterReply or ErrorReply; the places in it have disks but no addresses and no valid
   *     tokens, see {@link Queries#complete}
   * @throws RuntimeException only for a bug or a broken store: the process must stop, the
   *     transaction must not be committed
   */
  public Message apply(WriteTxn txn, LogCommand command, long timeNs) {
    return command instanceof ClientCommand c
        ? Sessions.apply(txn, c, timeNs)
        : decide(txn, timeNs, changes -> own(changes, command));
  }

  /** What a command does with its changes. */
  @FunctionalInterface
  interface Decision {
    Message on(Changes changes);
  }

  /** Runs a decision; a refusal leaves nothing behind but the time. */
  static Message decide(WriteTxn txn, long timeNs, Decision decision) {
    Changes changes = new Changes(txn, timeNs);
    try {
      Message reply = decision.on(changes);
      changes.flush();
      return reply;
    } catch (Refusal refusal) {
      new Changes(txn, timeNs).flush();
      return refusal.reply();
    }
  }

  /** A client's command, once it is known to be new. */
  static Message client(Changes c, long client, Command command) {
    Leases leases = new Leases(c);
    Contents contents = new Contents(c, leases);
    Names names = new Names(c, contents);
    Namespace namespace = new Namespace(c, names);
    Staging staging = new Staging(c);
    Writers writers = new Writers(c, leases, contents, names, staging);
    Commits commits = new Commits(c, leases, contents, names);
    return switch (command) {
      case Command.OpenSession _ -> new MasterReply.Done();
      case Command.CloseSession _ -> new MasterReply.Done();
      case Command.Mkdir m -> namespace.mkdir(m);
      case Command.Create m -> writers.create(client, m);
      case Command.Stage m -> writers.stage(client, m);
      case Command.AcquireLease m -> writers.acquire(client, m.inode());
      case Command.Allocate m -> writers.allocate(client, m);
      case Command.Commit m -> commits.commit(client, m);
      case Command.CommitPack m ->
          new Packing(c, leases, contents, names, commits, staging, writers).commit(client, m);
      case Command.ReleaseLease m -> writers.release(client, m);
      case Command.Truncate m -> writers.truncate(client, m);
      case Command.Unlink m -> namespace.unlink(m);
      case Command.Rmdir m -> namespace.rmdir(m);
      case Command.Rename m -> namespace.rename(m);
      case Command.Symlink m -> namespace.symlink(m);
      case Command.HardLink m -> namespace.hardLink(m);
      case Command.SetAttr m -> new Attributes(c).set(m);
      case Command.SetXattr m -> new Attributes(c).setXattr(m);
      case Command.RemoveXattr m -> new Attributes(c).removeXattr(m);
    };
  }

  private static Message own(Changes c, LogCommand command) {
    ClusterCommands cluster = new ClusterCommands(c);
    GroupCommands groups = new GroupCommands(c);
    switch (command) {
      case ClientCommand _ ->
          throw new IllegalArgumentException("A client's command is not one of the leader's own");
      case LogCommand.InitCluster m -> cluster.init(m);
      case LogCommand.RegisterServer m -> cluster.registerServer(m);
      case LogCommand.RegisterDisk m -> cluster.registerDisk(m);
      case LogCommand.SetDiskState m -> cluster.setDiskState(m);
      case LogCommand.AddTokenKey m -> cluster.addTokenKey(m);
      case LogCommand.SetPolicy m -> cluster.setPolicy(m);
      case LogCommand.CreateGroup m -> groups.create(m);
      case LogCommand.StartReplacement m -> groups.start(m);
      case LogCommand.CancelReplacement m -> groups.cancel(m);
      case LogCommand.DropReplacement m -> groups.drop(m);
      case LogCommand.FinishReplacement m -> groups.finish(m);
      case LogCommand.BlocksRebuilt m -> new BlockCommands(c).rebuilt(m);
      case LogCommand.BlocksMissing m -> new BlockCommands(c).missing(m);
      case LogCommand.DeletionsDone m -> new BlockCommands(c).deleted(m);
      case LogCommand.CloseLeases m -> Sessions.closeLeases(c, m.epochs());
      case LogCommand.ExpireSessions m -> Sessions.expire(c, m.clients());
      case LogCommand.RegisterMaster m -> Roster.register(c, m);
      case LogCommand.RetireMaster m -> Roster.retire(c, m);
      case LogCommand.Tick _ -> {}
    }
    return new MasterReply.Done();
  }
}
