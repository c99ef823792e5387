package dev.ashlar.chunkserver.server;

import dev.ashlar.chunkserver.store.BlockBytes;
import dev.ashlar.chunkserver.store.BlockStore;
import dev.ashlar.chunkserver.store.BlockWrite;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.World;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.rpc.FileSlice;
import dev.ashlar.protocol.rpc.RpcHandler;
import dev.ashlar.protocol.rpc.RpcRequest;
import io.netty.buffer.ByteBuf;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests. Writes go from the event loop to the disk's lane and are answered from the
 * disk's thread; everything that looks into an index goes over a small pool, since an index that is
 * not in memory would stop the loop. Thread-safe.
 */
final class ChunkHandler implements RpcHandler {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkHandler.class);

  private static final int LOOKUP_THREADS = 4;
  private static final int LOOKUPS_WAITING = 4_096;

  /** Most bytes in one read: widened to whole slices, they must fit a frame. */
  static final int READ_LIMIT = (4 << 20) - 2 * BlockLayout.SLICE_BYTES;

  /** Most blocks in one answer to ListBlocks. */
  private static final int LIST_LIMIT = 10_000;

  private final String server;
  private final TokenGate gate;
  private final Disks disks;
  private final ClientLoad load;
  private final Consumer<DiskBlock> suspects;
  private final ExecutorService lookups;
  private final QuietLog quiet;

  /** A block where it lies. */
  record DiskBlock(long disk, BlockKey block) {}

  /**
   * @param suspects told of blocks whose bytes could perhaps not be read; must not block
   */
  ChunkHandler(
      String server,
      TokenGate gate,
      Disks disks,
      ClientLoad load,
      Consumer<DiskBlock> suspects,
      World world) {
    this.suspects = suspects;
    this.server = server;
    this.gate = gate;
    this.disks = disks;
    this.load = load;
    quiet = new QuietLog(LOG, TimeUnit.SECONDS.toNanos(10), world::nanoTime);
    lookups = world.pool(server + "-lookup", LOOKUP_THREADS, LOOKUPS_WAITING);
  }

  @Override
  public void handle(RpcRequest request) {
    if (request.message() instanceof ChunkRequest.WriteBlock w) {
      write(request, w);
      return;
    }
    request.payload().release();
    switch (request.message()) {
      case ChunkRequest.SealBlock s -> seal(request, s);
      case ChunkRequest.ReadBlock r -> lookUp(request, () -> read(request, r));
      case ChunkRequest.StatBlock s -> lookUp(request, () -> stat(request, s));
      case ChunkRequest.ListBlocks l -> lookUp(request, () -> list(request, l));
      case ChunkRequest.GetServerState _ ->
          lookUp(
              request, () -> request.reply(new ChunkReply.ServerState(server, disks.everything())));
      default ->
          request.fail(
              ErrorCode.INVALID,
              "A chunk server does not answer " + request.message().getClass().getSimpleName());
    }
  }

  /** The payload is released once, when the disk has done with it or did not get it. */
  private void write(RpcRequest request, ChunkRequest.WriteBlock w) {
    ByteBuf payload = request.payload();
    CompletableFuture<? extends ChunkReply> answer;
    try {
      ServedDisk disk = admitWrite(w.block(), w.disk(), w.group(), w.token());
      BlockStore store = disk.store();
      if (w.offset() < 0 || w.keep() < 0 || w.base() < 0) {
        throw new AshlarException(
            ErrorCode.INVALID, "A write to " + w.block() + " has a negative offset, keep or base");
      }
      BlockWrite where =
          new BlockWrite(
              w.block(), w.group(), w.token().epoch(), w.base(), w.keep(), w.offset(), w.crcs());
      int bytes = payload.readableBytes();
      answer =
          w.seal()
              ? disk.lane().submit(bytes, () -> store.writeAndSeal(where, payload.nioBuffers()))
              : disk.lane()
                  .submit(
                      bytes,
                      () ->
                          store
                              .write(where, payload.nioBuffers())
                              .thenApply(ChunkReply.Written::new));
    } catch (AshlarException e) {
      payload.release();
      fail(request, e);
      return;
    }
    finish(request, answer.whenComplete((_, _) -> payload.release()));
  }

  private void seal(RpcRequest request, ChunkRequest.SealBlock s) {
    try {
      ServedDisk disk = admitWrite(s.block(), s.disk(), s.group(), s.token());
      if (s.length() < 0 || s.keep() < 0 || s.base() < 0) {
        throw new AshlarException(
            ErrorCode.INVALID, "The seal of " + s.block() + " has a negative length, keep or base");
      }
      finish(
          request,
          disk.lane()
              .submit(
                  0,
                  () ->
                      disk.store()
                          .seal(
                              s.block(),
                              s.group(),
                              s.token().epoch(),
                              s.base(),
                              s.keep(),
                              s.length())));
    } catch (AshlarException e) {
      fail(request, e);
    }
  }

  private ServedDisk admitWrite(BlockKey block, long disk, long group, BlockToken token)
      throws AshlarException {
    checkKey(block);
    gate.checkWrite(token, block, group);
    if (token.epoch() <= 0) {
      throw new AshlarException(
          ErrorCode.BAD_TOKEN,
          "Refused: a token for writing carries a lease epoch, this one has " + token.epoch());
    }
    load.note();
    return disks.inService(disk);
  }

  private static void checkKey(BlockKey block) throws AshlarException {
    if (block.chunk() <= 0
        || block.version() <= 0
        || block.index() < 0
        || block.index() >= Policy.MAX_WIDTH) {
      throw new AshlarException(ErrorCode.INVALID, "There can be no " + block);
    }
  }

  private void finish(RpcRequest request, CompletableFuture<? extends ChunkReply> answer) {
    var _ =
        answer.whenComplete((reply, error) -> {
          if (error == null) {
            request.reply(reply);
          } else {
            fail(request, error);
          }
        });
  }

  private void read(RpcRequest request, ChunkRequest.ReadBlock r) throws AshlarException {
    checkKey(r.block());
    gate.checkRead(r.token(), r.block());
    if (r.offset() < 0 || r.length() < 0 || r.length() > READ_LIMIT) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "A read of "
              + r.length()
              + " bytes at "
              + r.offset()
              + " is refused: read at most "
              + READ_LIMIT
              + " bytes at a time");
    }
    note(r.token());
    BlockBytes bytes = disks.serving(r.disk()).locate(r.block(), r.offset(), r.length());
    boolean passed = false;
    try {
      List<FileSlice> slices =
          bytes.extents().stream()
              .map(e -> new FileSlice(e.channel(), e.position(), e.length()))
              .toList();
      request.reply(
          new ChunkReply.BlockData(bytes.offset(), bytes.crcs(), bytes.blockLength()),
          slices,
          failure -> {
            bytes.close();
            if (failure != null && !connectionLost(failure)) {
              suspects.accept(new DiskBlock(r.disk(), r.block()));
            }
          });
      passed = true;
    } finally {
      if (!passed) {
        bytes.close();
      }
    }
  }

  /** Whether it is the other side that is to blame when an answer could not be sent whole. */
  private static boolean connectionLost(Throwable failure) {
    String text = String.valueOf(failure.getMessage());
    return failure instanceof ClosedChannelException
        || text.contains("Broken pipe")
        || text.contains("Connection reset");
  }

  /**
   * Reads under a token for every chunk are background work of other servers, to which nobody
   * yields.
   */
  private void note(BlockToken token) {
    if (token.chunk() != BlockToken.ANY_CHUNK) {
      load.note();
    }
  }

  private void stat(RpcRequest request, ChunkRequest.StatBlock s) throws AshlarException {
    checkKey(s.block());
    gate.checkRead(s.token(), s.block());
    request.reply(disks.serving(s.disk()).stat(s.block()));
  }

  private void list(RpcRequest request, ChunkRequest.ListBlocks l) throws AshlarException {
    gate.checkReadAll(l.token());
    request.reply(disks.serving(l.disk()).list(l.after(), Math.clamp(l.limit(), 1, LIST_LIMIT)));
  }

  /** A request whose answer needs an index. */
  private interface Lookup {
    void run() throws AshlarException;
  }

  private void lookUp(RpcRequest request, Lookup job) {
    try {
      lookups.execute(() -> {
        try {
          job.run();
        } catch (AshlarException e) {
          fail(request, e);
        } catch (RuntimeException e) {
          LOG.error("{} met a bug while it answered {}", server, request.message(), e);
          request.fail(ErrorCode.INTERNAL, "A bug in chunk server " + server + ": " + e);
        }
      });
    } catch (RejectedExecutionException e) {
      request.fail(ErrorCode.RETRY, "Chunk server " + server + " has too many requests waiting");
    }
  }

  private void fail(RpcRequest request, Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (cause instanceof AshlarException e) {
      switch (e.code()) {
        case BAD_TOKEN, STALE_EPOCH, INVALID, CORRUPT, CONFLICT ->
            quiet.warn(server + " refused a request of " + request.peer() + ": " + e.getMessage());
        default ->
            LOG.debug(
                "{} could not do a request of {}: {}", server, request.peer(), e.getMessage());
      }
      request.fail(e);
    } else {
      LOG.error("{} met a bug", server, cause);
      request.fail(ErrorCode.INTERNAL, "A bug in chunk server " + server + ": " + cause);
    }
  }

  /** Answers what waits, and waits a while for that. Returns whether all has ended. */
  boolean stop() {
    return Pools.finish(lookups);
  }
}
