package dev.ashlar.master.server;

import dev.ashlar.master.state.ClusterView;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.state.Queries;
import dev.ashlar.master.state.Roster;
import dev.ashlar.master.state.Tokens;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.RpcHandler;
import dev.ashlar.protocol.rpc.RpcRequest;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests. Nothing here keeps the network threads for long: commands go to the log, what
 * asks for a few rows of the store is answered on the spot if reads are current, everything else
 * goes to a pool with a bounded queue, and what finds no room there is answered RETRY.
 */
final class Front implements RpcHandler {
  private static final Logger LOG = LoggerFactory.getLogger(Front.class);

  /** How often a file may be moved to another pack while its place is told. */
  private static final int LAYOUT_TRIES = 3;

  /** Characters of a path that is walked on a network thread. */
  private static final int SHORT_PATH = 256;

  private final MasterConfig config;
  private final Pools pools;
  private final Introductions introductions;
  private final Supplier<@Nullable Node> nodes;

  /**
   * @param nodes the node, null until it takes part in Raft
   */
  Front(
      MasterConfig config,
      Pools pools,
      Introductions introductions,
      Supplier<@Nullable Node> nodes) {
    this.config = config;
    this.pools = pools;
    this.introductions = introductions;
    this.nodes = nodes;
  }

  @Override
  public void handle(RpcRequest r) {
    r.payload().release();
    if (!(r.message() instanceof MasterRequest request)) {
      r.fail(
          ErrorCode.INVALID, "A master does not answer " + r.message().getClass().getSimpleName());
      return;
    }
    Node node = nodes.get();
    if (request instanceof MasterRequest.Introduce i) {
      pooled(r, () -> introductions.answer(i, node));
    } else if (node == null) {
      r.fail(ErrorCode.NOT_LEADER, ""); // it starts: others may lead, so nobody should wait for it
    } else {
      route(r, request, node);
    }
  }

  private void route(RpcRequest r, MasterRequest request, Node node) {
    if (request instanceof MasterRequest.GetStatus) {
      pooled(r, () -> new MasterReply.StatusReply(node.status().of(node.leadership().leader())));
      return;
    }
    if (request instanceof MasterRequest.Administer a && Administration.anywhere(a)) {
      administer(r, a, node);
      return;
    }
    Leader leader = node.leadership().leader();
    if (leader == null) {
      notLeader(r, node);
      return;
    }
    switch (request) {
      case MasterRequest.Submit s -> submit(r, s, node, leader);
      case MasterRequest.Administer a -> administer(r, a, node);
      case MasterRequest.Heartbeat h -> pooled(r, () -> leader.heartbeat(h));
      case MasterRequest.ReportBad b ->
          pooled(
              r,
              () -> {
                leader.reportBad(b);
                return new MasterReply.Done();
              });
      default -> current(r, node, () -> answer(request, node, leader));
    }
  }

  /** Answers once reads are current. */
  private void current(RpcRequest r, Node node, Work work) {
    CompletableFuture<Void> barrier = node.replicator().readBarrier();
    if (barrier.isDone() && !barrier.isCompletedExceptionally() && isShort(r.message())) {
      finish(r, work, node); // two hops of threads cost more than the answer
      return;
    }
    var _ =
        barrier.whenComplete((done, failure) -> {
          if (failure == null) {
            pooled(r, work);
          } else {
            fail(r, Metadata.explain(failure), node);
          }
        });
  }

  /** Whether the answer rests on a few rows. */
  private static boolean isShort(Message request) {
    return switch (request) {
      case MasterRequest.Lookup _, MasterRequest.GetAttr _ -> true;
      case MasterRequest.Resolve walk -> walk.path().length() <= SHORT_PATH;
      default -> false;
    };
  }

  private Message answer(MasterRequest request, Node node, Leader leader) throws AshlarException {
    return switch (request) {
      case MasterRequest.BlockDigests d -> leader.reports().compare(d);
      case MasterRequest.BlockReport b -> leader.reports().judge(b);
      case MasterRequest.KeepAlive k -> keepAlive(k, node, leader);
      case MasterRequest.GetToken _ ->
          new MasterReply.TokenReply(
              leader.tokens().issue(BlockToken.ANY_CHUNK, Long.MAX_VALUE, BlockToken.READ, 0, 0));
      case MasterRequest.StatFs _ -> node.metadata().topology().space(leader.view());
      case MasterRequest.GetLayout l -> layout(l, node, leader);
      default -> node.metadata().read(txn -> query(request, txn, leader.view(), leader.tokens()));
    };
  }

  private static MasterReply layout(MasterRequest.GetLayout l, Node node, Leader leader)
      throws AshlarException {
    pin(l.client(), l.inode(), leader);
    for (int i = 0; i < LAYOUT_TRIES; i++) {
      MasterReply.Layout layout =
          node.metadata()
              .read(txn ->
                  new Queries(txn)
                      .layout(l.inode(), l.first(), l.count(), leader.view(), leader.tokens()));
      if (l.client() == 0 || layout.slice() == null) {
        return layout;
      }
      // A pack that is there once it is pinned is not deleted before the reader is done with it.
      long pack = layout.slice().pack().inode();
      pin(l.client(), pack, leader);
      if (node.metadata().read(txn -> new Queries(txn).exists(pack))) {
        return layout;
      }
    }
    throw new AshlarException(
        ErrorCode.RETRY, "The bytes of inode " + l.inode() + " are being moved");
  }

  private static void pin(long client, long inode, Leader leader) {
    if (client != 0) {
      leader.leases().renew(client, new long[0], new long[] {inode});
    }
  }

  private static MasterReply keepAlive(MasterRequest.KeepAlive k, Node node, Leader leader) {
    long[] lost = node.metadata().read(txn -> new Queries(txn).lostEpochs(k.client(), k.epochs()));
    Arrays.sort(lost);
    long[] kept = Arrays.stream(k.epochs()).filter(e -> Arrays.binarySearch(lost, e) < 0).toArray();
    leader.leases().renew(k.client(), kept, k.pins());
    return new MasterReply.Alive(lost);
  }

  private static MasterReply query(
      MasterRequest request, ReadTxn txn, ClusterView view, Tokens tokens) throws AshlarException {
    Queries q = new Queries(txn);
    return switch (request) {
      case MasterRequest.Resolve m -> q.resolve(m.path(), m.followLast());
      case MasterRequest.Lookup m -> new MasterReply.AttrReply(q.lookup(m.parent(), m.name()));
      case MasterRequest.GetAttr m -> new MasterReply.AttrReply(q.attr(m.inode()));
      case MasterRequest.ReadDir m -> q.readDir(m.inode(), m.after(), m.limit());
      case MasterRequest.ReadLink m -> new MasterReply.Text(q.readLink(m.inode()));
      case MasterRequest.GetXattr m -> new MasterReply.Bytes(q.xattr(m.inode(), m.name()));
      case MasterRequest.ListXattrs m -> new MasterReply.Names(q.xattrs(m.inode()));
      case MasterRequest.ListPacks m -> q.packs(m.after(), m.limit());
      case MasterRequest.GetPack m -> q.packFiles(m.inode());
      case MasterRequest.ScanFiles m -> q.scanFiles(m, view, tokens);
      case MasterRequest.ExplainBlocks m -> q.explain(m.disk(), m.blocks());
      default ->
          throw new AshlarException(
              ErrorCode.INVALID, "A master does not answer " + request.getClass().getSimpleName());
    };
  }

  private void submit(RpcRequest r, MasterRequest.Submit s, Node node, Leader leader) {
    switch (s.command()) {
      case Command.CommitPack p when !p.next() -> propose(r, s, p, node, leader);
      case Command.Stage _, Command.Allocate _, Command.CommitPack _ ->
          run(
              r,
              () -> {
                try {
                  propose(r, s, leader.fill(s.command()), node, leader);
                } catch (AshlarException e) {
                  fail(r, e, node);
                }
              });
      default -> propose(r, s, s.command(), node, leader);
    }
  }

  private void propose(
      RpcRequest r, MasterRequest.Submit s, Command filled, Node node, Leader leader) {
    var _ =
        node.metadata()
            .propose(new LogCommand.ClientCommand(s.client(), s.seq(), s.ackedBelow(), filled))
            .whenComplete((reply, failure) -> {
              if (failure != null) {
                fail(r, undecided(Metadata.explain(failure)), node);
              } else if (reply instanceof ErrorReply e) {
                r.fail(e.code(), e.detail());
              } else {
                finish(r, () -> Queries.complete(reply, leader.view(), leader.tokens()), node);
              }
            });
  }

  /**
   * A leader that is deposed with a command under way says that it does not lead, but its successor
   * may carry the command out: whoever asked must not take it for refused.
   */
  private static AshlarException undecided(AshlarException e) {
    return e.code() == ErrorCode.NOT_LEADER
        ? new AshlarException(
            ErrorCode.RETRY, "The leader changed while the command was under way", e)
        : e;
  }

  private void administer(RpcRequest r, MasterRequest.Administer a, Node node) {
    try {
      pools
          .admin()
          .execute(() -> finish(r, () -> new MasterReply.Text(node.administration().run(a)), node));
    } catch (RejectedExecutionException e) {
      r.fail(ErrorCode.RETRY, "Another administrative action is under way");
    }
  }

  /** What a request is answered with. */
  @FunctionalInterface
  private interface Work {
    Message run() throws AshlarException;
  }

  private void pooled(RpcRequest r, Work work) {
    run(r, () -> finish(r, work, nodes.get()));
  }

  private void run(RpcRequest r, Runnable work) {
    try {
      pools.requests().execute(work);
    } catch (RejectedExecutionException e) {
      r.fail(ErrorCode.RETRY, "Master " + config.name() + " has too much to do");
    }
  }

  private void finish(RpcRequest r, Work work, @Nullable Node node) {
    Message reply;
    try {
      reply = work.run();
    } catch (AshlarException e) {
      fail(r, e, node);
      return;
    } catch (RuntimeException e) {
      LOG.error(
          "{} met a bug while it answered {}",
          config.name(),
          r.message().getClass().getSimpleName(),
          e);
      r.fail(ErrorCode.INTERNAL, "The master met a bug: " + e);
      return;
    }
    r.reply(reply);
  }

  private void fail(RpcRequest r, AshlarException e, @Nullable Node node) {
    if (e.code() == ErrorCode.NOT_LEADER && node != null) {
      notLeader(r, node);
    } else {
      r.fail(e.code(), String.valueOf(e.getMessage()));
    }
  }

  private void notLeader(RpcRequest r, Node node) {
    String leader = node.replicator().leader();
    if (leader.equals(config.name())) {
      r.fail(ErrorCode.RETRY, "Master " + config.name() + " is about to lead");
    } else {
      run(r, () -> r.fail(ErrorCode.NOT_LEADER, addressOf(leader, node)));
    }
  }

  private String addressOf(String master, Node node) {
    if (master.isEmpty()) {
      return "";
    }
    Roster.MasterRow row = node.metadata().read(txn -> Roster.find(txn, master));
    if (row != null) {
      return row.clientAddress();
    }
    return config.peers().stream()
        .filter(p -> p.name().equals(master))
        .map(MasterConfig.Peer::clientAddress)
        .findFirst()
        .orElse("");
  }
}
