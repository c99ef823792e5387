package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(LeakCheck.class)
class RpcTest {
  /** Runs out in a test, yet is long enough to send a request on a connection that stands. */
  private static final Duration SHORT = Duration.ofSeconds(1);

  private EchoServer server;
  private RpcClient client;

  @BeforeEach
  void start() throws AshlarException {
    server = EchoServer.start();
    client = new RpcClient("test", Role.MASTER);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @Test
  void echoesPayloadsOfManySizes() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<Integer> sizes =
        new ArrayList<>(
            List.of(
                0, 1, 2047, 2048, 2049, 32767, 32768, 65536, 1 << 20, 4 << 20, Frames.PAYLOAD_MAX));
    for (int i = 0; i < 50; i++) {
      sizes.add(random.nextInt(1 << random.nextInt(1, 22)));
    }
    for (int size : sizes) {
      byte[] bytes = new byte[size];
      random.nextBytes(bytes);
      try (RpcReply reply =
          client.call(
              server.address(),
              new MasterRequest.ReadLink(size),
              direct(bytes),
              EchoServer.TIMEOUT)) {
        assertEquals(new MasterReply.Text(Integer.toString(size)), reply.message());
        assertArrayEquals(
            bytes,
            ByteBufUtil.getBytes(reply.payload()),
            () -> "payload of " + size + " bytes, seed " + seed);
        assertTrue(size == 0 || reply.payload().isDirect());
      }
    }
  }

  @Test
  void multiplexesTenThousandRequests() throws Exception {
    List<CompletableFuture<RpcReply>> answers = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      answers.add(
          client.send(
              server.address(),
              new MasterRequest.ReadLink(i),
              direct(new byte[i % 5000]),
              EchoServer.TIMEOUT));
    }
    for (int i = 0; i < answers.size(); i++) {
      try (RpcReply reply = answers.get(i).get()) {
        assertEquals(new MasterReply.Text(Integer.toString(i)), reply.message());
        assertEquals(i % 5000, reply.payload().readableBytes());
      }
    }
  }

  @Test
  void errorsComeWithTheirCodeAndDetail() {
    AshlarException e =
        assertThrows(
            AshlarException.class,
            () ->
                client.call(
                    server.address(), new MasterRequest.Lookup(1, "gone"), EchoServer.TIMEOUT));
    assertEquals(ErrorCode.NOT_FOUND, e.code());
    assertEquals("gone", e.getMessage());
  }

  @Test
  void handlerThatThrowsIsAnInternalError() {
    AshlarException e =
        assertThrows(
            AshlarException.class,
            () -> client.call(server.address(), new MasterRequest.StatFs(), EchoServer.TIMEOUT));
    assertEquals(ErrorCode.INTERNAL, e.code());
  }

  @Test
  void secondAnswerIsRefused() throws Exception {
    CompletableFuture<RpcReply> answer =
        client.send(server.address(), new MasterRequest.GetAttr(1), null, EchoServer.TIMEOUT);
    Await.until("the request came", () -> !server.kept.isEmpty());
    RpcRequest request = server.kept.remove();
    request.reply(new MasterReply.Done());
    assertThrows(
        IllegalStateException.class,
        () -> request.reply(new MasterReply.Done(), direct(new byte[100])));
    assertThrows(IllegalStateException.class, () -> request.fail(ErrorCode.INTERNAL, ""));
    answer.get().close();
  }

  @Test
  void payloadTooLargeIsRefusedBeforeItIsSent() {
    AshlarException e =
        assertThrows(
            AshlarException.class,
            () ->
                client.call(
                    server.address(),
                    new MasterRequest.ReadLink(1),
                    direct(new byte[Frames.PAYLOAD_MAX + 1]),
                    EchoServer.TIMEOUT));
    assertEquals(ErrorCode.TOO_LARGE, e.code());
  }

  @Test
  void answerTooLargeIsAnError() throws Exception {
    CompletableFuture<RpcReply> answer =
        client.send(server.address(), new MasterRequest.GetAttr(1), null, EchoServer.TIMEOUT);
    Await.until("the request came", () -> !server.kept.isEmpty());
    server.kept.remove().reply(new MasterReply.Done(), direct(new byte[Frames.PAYLOAD_MAX + 1]));
    assertEquals(ErrorCode.TOO_LARGE, code(answer));
  }

  @Test
  void silentServerIsATimeoutAndTheLateAnswerIsReleased() throws Exception {
    client.call(server.address(), new MasterRequest.ReadLink(1), EchoServer.TIMEOUT).close();
    CompletableFuture<RpcReply> answer =
        client.send(server.address(), new MasterRequest.GetAttr(1), null, SHORT);
    assertEquals(ErrorCode.TIMEOUT, code(answer));
    Await.until("the request came", () -> !server.kept.isEmpty());
    server.kept.remove().reply(new MasterReply.Done(), direct(new byte[100_000]));
    client.call(server.address(), new MasterRequest.ReadLink(2), EchoServer.TIMEOUT).close();
  }

  @Test
  void cancelledRequestReleasesItsAnswer() throws Exception {
    CompletableFuture<RpcReply> answer =
        client.send(
            server.address(),
            new MasterRequest.GetAttr(1),
            direct(new byte[5]),
            EchoServer.TIMEOUT);
    Await.until("the request came", () -> !server.kept.isEmpty());
    answer.cancel(false);
    server.kept.peek().payload().release();
    server.kept.remove().reply(new MasterReply.Done(), direct(new byte[100_000]));
    client.call(server.address(), new MasterRequest.ReadLink(2), EchoServer.TIMEOUT).close();
  }

  @Test
  void forgottenRequestIsFoundByTheLeakDetector() throws Exception {
    client.call(server.address(), new MasterRequest.ReadLink(1), EchoServer.TIMEOUT).close();
    CompletableFuture<RpcReply> answer =
        client.send(server.address(), new MasterRequest.GetAttr(1), null, SHORT);
    assertEquals(ErrorCode.TIMEOUT, code(answer));
    Await.until("the request came", () -> !server.kept.isEmpty());
    server.kept.clear();
    Await.until(
        "the leak is found",
        () -> {
          LeakCheck.look();
          CompletableFuture<RpcReply> next =
              client.send(
                  server.address(), new MasterRequest.ReadLink(1), null, EchoServer.TIMEOUT);
          next.join().close();
          return LeakCheck.FOUND.removeIf(leak -> leak.contains("ServerRequest"));
        });
    assertTrue(LeakCheck.FOUND.isEmpty());
  }

  @Test
  void blockingCallOnAnEventLoopIsRefused() throws Exception {
    CompletableFuture<RpcReply> inner =
        client
            .send(server.address(), new MasterRequest.GetAttr(1), null, EchoServer.TIMEOUT)
            .thenApply(reply -> {
              reply.close();
              try {
                return client.call(
                    server.address(),
                    new MasterRequest.ReadLink(1),
                    direct(new byte[9]),
                    EchoServer.TIMEOUT);
              } catch (AshlarException e) {
                throw new IllegalArgumentException(e);
              }
            });
    Await.until("the request came", () -> !server.kept.isEmpty());
    server.release(1);
    ExecutionException e = assertThrows(ExecutionException.class, inner::get);
    assertTrue(e.getCause() instanceof IllegalStateException);
  }

  @Test
  void badAddressesAreInvalid() {
    for (String bad : List.of("", "host", "host:", ":7420", "host:0", "host:65536", "host:x")) {
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () ->
                  client.call(
                      bad, new MasterRequest.StatFs(), direct(new byte[1]), EchoServer.TIMEOUT),
              bad);
      assertEquals(ErrorCode.INVALID, e.code());
    }
    AshlarException e =
        assertThrows(
            AshlarException.class,
            () ->
                client.call(
                    "no-such-host.invalid:1", new MasterRequest.StatFs(), EchoServer.TIMEOUT));
    assertEquals(ErrorCode.UNAVAILABLE, e.code());
  }

  @Test
  void closedClientIsUnavailable() {
    client.close();
    AshlarException e =
        assertThrows(
            AshlarException.class,
            () ->
                client.call(
                    server.address(),
                    new MasterRequest.StatFs(),
                    direct(new byte[1]),
                    EchoServer.TIMEOUT));
    assertEquals(ErrorCode.UNAVAILABLE, e.code());
    assertFalse(e.getMessage().isEmpty());
  }

  static ByteBuf direct(byte[] bytes) {
    return PooledByteBufAllocator.DEFAULT.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
  }

  static ErrorCode code(CompletableFuture<RpcReply> answer) throws InterruptedException {
    try (RpcReply reply = answer.get()) {
      throw new AssertionError(
          "Answered by " + reply.message() + " " + ByteBufUtil.hexDump(reply.payload()));
    } catch (ExecutionException e) {
      return e.getCause() instanceof AshlarException a ? a.code() : ErrorCode.INTERNAL;
    }
  }
}
