package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcRequest;
import dev.ashlar.protocol.rpc.RpcServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Masters and chunk servers on real sockets in this process. */
final class FakeCluster implements AutoCloseable {
  final List<FakeChunkServer> servers = new ArrayList<>();
  final FakeMasterState state;
  final List<RpcServer> masters = new ArrayList<>();

  /** What a master fails with instead of answering, by request; null to answer. */
  volatile Function<MasterRequest, @Nullable AshlarException> masterFault = request -> null;

  /** Whether the answer is lost after the request took effect. */
  volatile Function<MasterRequest, Boolean> loseAnswer = request -> false;

  volatile int leader;
  final AtomicInteger refused = new AtomicInteger();

  FakeCluster(int serverCount, Policy policy) throws AshlarException {
    this(serverCount, policy, 1);
  }

  FakeCluster(int serverCount, Policy policy, int masterCount) throws AshlarException {
    for (int i = 0; i < serverCount; i++) {
      servers.add(new FakeChunkServer(100 + i));
    }
    state = new FakeMasterState(servers, policy);
    for (int i = 0; i < masterCount; i++) {
      int self = i;
      masters.add(
          RpcServer.start(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
              "fake-master-" + i,
              Role.MASTER,
              request -> handle(self, request)));
    }
  }

  private void handle(int self, RpcRequest request) {
    request.payload().release();
    MasterRequest asked = (MasterRequest) request.message();
    if (self != leader) {
      refused.incrementAndGet();
      request.fail(ErrorCode.NOT_LEADER, leader < 0 ? "" : address(leader));
      return;
    }
    AshlarException fault = masterFault.apply(asked);
    if (fault != null) {
      request.fail(fault);
      return;
    }
    try {
      var reply = state.answer(asked);
      if (loseAnswer.apply(asked)) {
        request.fail(ErrorCode.RETRY, "the answer was lost");
      } else {
        request.reply(reply);
      }
    } catch (AshlarException e) {
      request.fail(e);
    }
  }

  String address(int master) {
    return "127.0.0.1:" + masters.get(master).address().getPort();
  }

  ClientConfig config() {
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < masters.size(); i++) {
      addresses.add(address(i));
    }
    if (addresses.size() == 1) {
      addresses.add(addresses.getFirst()); // so that the ports after it are not tried
    }
    return ClientConfig.of(addresses)
        .withBlockTimeout(Duration.ofSeconds(10))
        .withMasterDeadline(Duration.ofSeconds(10));
  }

  AshlarFileSystem connect() throws AshlarException {
    return AshlarFileSystem.connect(config());
  }

  /** Seeded bytes. */
  static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static Attr put(AshlarFileSystem fs, String name, byte[] content) throws AshlarException {
    return put(fs, name, content, StageOptions.DEFAULT);
  }

  static Attr put(AshlarFileSystem fs, String name, byte[] content, StageOptions options)
      throws AshlarException {
    try (FileWriter writer = fs.stage(Attr.ROOT, name, options)) {
      var _ = writer.write(ByteBuffer.wrap(content));
      return writer.commit();
    }
  }

  static byte[] get(AshlarFileSystem fs, long inode) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (FileReader reader = fs.reader(inode)) {
      var _ = reader.transferTo(Channels.newChannel(out));
    }
    return out.toByteArray();
  }

  static byte[] get(AshlarFileSystem fs, long inode, long offset, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    try (FileReader reader = fs.reader(inode)) {
      int count = Math.max(0, reader.read(offset, target));
      byte[] read = new byte[count];
      target.flip().get(read);
      return read;
    }
  }

  /** Waits for something that other threads bring about. */
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("Not within 20 s: " + what);
      }
      Thread.onSpinWait();
      java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
    }
  }

  @Override
  public void close() {
    masters.forEach(RpcServer::close);
    servers.forEach(FakeChunkServer::close);
  }
}
