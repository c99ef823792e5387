package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockLayout;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ChunkReply;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcRequest;
import dev.ashlar.protocol.rpc.RpcServer;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A chunk server with one disk in memory. Follows the contract to the letter, and refuses what
 * breaks it.
 */
final class FakeChunkServer implements AutoCloseable {
  enum Fault {
    NONE,
    /** Every request fails. */
    REFUSE,
    /** There is no room for anything new. */
    FULL,
    /** Requests are taken and never answered, as by a stopped process. */
    STALL,
    /** As {@link #STALL}, but only reads of blocks that are not here. */
    STALL_GONE,
    /** One bit of what is read is wrong. */
    CORRUPT,
    /** Sealing fails, writing does not. */
    NO_SEAL,
    /** Stops answering after the first answered write of each block. */
    STALL_AFTER_FIRST_WRITE
  }

  /** A stored block. */
  static final class Block {
    byte[] data = new byte[0];
    boolean sealed;
    boolean shared;

    int[] crcs() {
      return Checksums.slices(ByteBuffer.wrap(data));
    }

    int root() {
      return Checksums.root(crcs(), BlockLayout.slices(data.length), data.length);
    }
  }

  private final long disk;
  private final Map<BlockKey, Block> blocks = new HashMap<>();
  private final List<RpcRequest> stalled = new ArrayList<>();
  private volatile Fault fault = Fault.NONE;
  private @Nullable RpcServer server;
  private final int port;
  private int writes;
  private int reads;

  FakeChunkServer(long disk) throws AshlarException {
    this.disk = disk;
    RpcServer started =
        RpcServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            "fake-" + disk,
            Role.CHUNK_SERVER,
            this::handle);
    this.server = started;
    this.port = started.address().getPort();
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  long disk() {
    return disk;
  }

  synchronized void fault(Fault next) {
    fault = next;
    if (next == Fault.NONE) {
      List<RpcRequest> waiting = new ArrayList<>(stalled);
      stalled.clear();
      waiting.forEach(this::handle);
    }
  }

  /** Whether a request waits for the end of {@link Fault#STALL}. */
  synchronized boolean stalling() {
    return !stalled.isEmpty();
  }

  synchronized int reads() {
    return reads;
  }

  synchronized int writes() {
    return writes;
  }

  synchronized @Nullable Block block(BlockKey key) {
    return blocks.get(key);
  }

  synchronized List<BlockKey> keys() {
    return List.copyOf(blocks.keySet());
  }

  synchronized void drop(BlockKey key) {
    blocks.remove(key);
  }

  /** Ends the process, so to say; what it stored stays. */
  void die() {
    RpcServer running = server;
    server = null;
    if (running != null) {
      running.close();
    }
  }

  private synchronized void handle(RpcRequest request) {
    if (fault == Fault.STALL) {
      stalled.add(request);
      return;
    }
    boolean answered = false;
    try {
      if (fault == Fault.REFUSE) {
        throw new AshlarException(
            ErrorCode.DISK_FAILED, "disk " + disk + " is refused by the test");
      }
      switch (request.message()) {
        case ChunkRequest.WriteBlock _ when fault == Fault.FULL ->
            throw new AshlarException(
                ErrorCode.NO_SPACE, "disk " + disk + " is full: delete files or add disks");
        case ChunkRequest.WriteBlock w -> {
          if (fault == Fault.STALL_AFTER_FIRST_WRITE && w.offset() > w.keep()) {
            stalled.add(request);
            return;
          }
          request.reply(write(w, request));
        }
        case ChunkRequest.SealBlock s -> request.reply(seal(s));
        case ChunkRequest.ReadBlock r -> {
          if (fault == Fault.STALL_GONE && !blocks.containsKey(r.block())) {
            stalled.add(request);
            return;
          }
          read(r, request);
        }
        case ChunkRequest.StatBlock s -> request.reply(stat(s));
        default ->
            throw new AshlarException(ErrorCode.INVALID, "not in this test: " + request.message());
      }
      answered = true;
    } catch (AshlarException e) {
      request.fail(e);
      answered = true;
    } finally {
      if (answered) {
        request.payload().release();
      }
    }
  }

  private ChunkReply write(ChunkRequest.WriteBlock w, RpcRequest request) throws AshlarException {
    writes++;
    check(w.disk() == disk, "wrong disk");
    check(
        w.token().chunk() == w.block().chunk() && w.token().version() == w.block().version(),
        "wrong token");
    byte[] payload = new byte[request.payload().readableBytes()];
    request.payload().getBytes(request.payload().readerIndex(), payload);
    check(payload.length > 0, "empty write");
    check(
        Arrays.equals(Checksums.slices(ByteBuffer.wrap(payload)), w.crcs()),
        "checksums do not match");
    Block block = open(w.block(), w.base(), w.keep());
    check(!block.sealed, "sealed already");
    check(
        w.offset() == block.data.length,
        "offset " + w.offset() + " but " + block.data.length + " bytes");
    check(w.offset() % BlockLayout.SLICE_BYTES == 0, "offset inside a slice");
    check(
        w.seal() || payload.length % BlockLayout.SLICE_BYTES == 0,
        "only the last write may end in a slice");
    int old = block.data.length;
    block.data = Arrays.copyOf(block.data, old + payload.length);
    System.arraycopy(payload, 0, block.data, old, payload.length);
    return w.seal() ? sealed(block) : new ChunkReply.Written(block.data.length);
  }

  private Block open(BlockKey key, long base, long keep) throws AshlarException {
    Block block = blocks.get(key);
    if (block == null) {
      block = new Block();
      if (base != 0) {
        Block from = blocks.get(new BlockKey(key.chunk(), base, key.index()));
        if (from == null || !from.sealed || from.data.length < keep) {
          throw new AshlarException(ErrorCode.VERSION_GONE, "base of " + key + " is not here");
        }
        block.data = Arrays.copyOf(from.data, (int) keep);
        block.shared = keep > 0;
      } else {
        check(keep == 0, "keep without base");
      }
      blocks.put(key, block);
    }
    return block;
  }

  private ChunkReply seal(ChunkRequest.SealBlock s) throws AshlarException {
    Block block = open(s.block(), s.base(), s.keep());
    check(
        block.data.length == s.length(),
        "seal of " + s.length() + " but " + block.data.length + " bytes");
    return sealed(block);
  }

  private ChunkReply sealed(Block block) throws AshlarException {
    if (fault == Fault.NO_SEAL) {
      throw new AshlarException(ErrorCode.DISK_FAILED, "sync failed");
    }
    block.sealed = true;
    return new ChunkReply.Sealed(
        block.data.length, block.root(), block.shared ? block.crcs() : new int[0]);
  }

  private Block sealed(BlockKey key) throws AshlarException {
    Block block = blocks.get(key);
    if (block == null || !block.sealed) {
      throw new AshlarException(ErrorCode.VERSION_GONE, key + " is not here");
    }
    return block;
  }

  private void read(ChunkRequest.ReadBlock r, RpcRequest request) throws AshlarException {
    reads++;
    Block block = sealed(r.block());
    check(r.disk() == disk, "wrong disk");
    long from = r.offset() / BlockLayout.SLICE_BYTES * BlockLayout.SLICE_BYTES;
    long to =
        Math.min(
            block.data.length,
            (r.offset() + r.length() + BlockLayout.SLICE_BYTES - 1)
                / BlockLayout.SLICE_BYTES
                * BlockLayout.SLICE_BYTES);
    check(from < to, "range outside of the block");
    byte[] bytes = Arrays.copyOfRange(block.data, (int) from, (int) to);
    int[] crcs = Checksums.slices(ByteBuffer.wrap(bytes));
    if (fault == Fault.CORRUPT) {
      bytes[bytes.length / 2] ^= 4;
    }
    request.reply(
        new ChunkReply.BlockData(from, crcs, block.data.length), Unpooled.wrappedBuffer(bytes));
  }

  private ChunkReply stat(ChunkRequest.StatBlock s) throws AshlarException {
    Block block = sealed(s.block());
    return new ChunkReply.BlockInfo(block.data.length, block.root(), block.crcs(), block.sealed, 0);
  }

  private static void check(boolean good, String what) throws AshlarException {
    if (!good) {
      throw new AshlarException(ErrorCode.INVALID, what);
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      stalled.forEach(request -> {
        request.fail(ErrorCode.INTERNAL, "end of test");
        request.payload().release();
      });
      stalled.clear();
    }
    die();
  }
}
