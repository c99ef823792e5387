package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Seed;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What clients can do to a server. */
@ExtendWith(LeakCheck.class)
class RpcServerFaultTest {
  private static final RpcOptions PLAIN = RpcOptions.DEFAULT;
  private final RpcClient client = new RpcClient("test", Role.MASTER);

  @AfterEach
  void stop() {
    client.close();
  }

  @Test
  void garbageClosesOnlyItsConnection() throws Exception {
    try (EchoServer server = EchoServer.start();
        RawPeer peer = RawPeer.connect(server.port())) {
      CompletableFuture<RpcReply> other =
          client.send(server.address(), new MasterRequest.GetAttr(1), null, EchoServer.TIMEOUT);
      peer.out.write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      peer.awaitClosed();
      Await.until("the request came", () -> !server.kept.isEmpty());
      server.release(1);
      other.get().close();
    }
  }

  @Test
  void randomBytesDoNoHarm() throws Exception {
    long seed = Seed.next();
    Random random = new Random(seed);
    try (EchoServer server = EchoServer.start()) {
      for (int i = 0; i < 100; i++) {
        try (RawPeer peer = RawPeer.connect(server.port())) {
          byte[] bytes = new byte[1 + random.nextInt(500)];
          random.nextBytes(bytes);
          if (random.nextBoolean()) {
            peer.greet(Frames.VERSION, 0);
          }
          peer.out.write(bytes);
        } catch (IOException e) {
          // It was quick to close.
        }
      }
      client.call(server.address(), new MasterRequest.ReadLink(seed), EchoServer.TIMEOUT).close();
    }
  }

  @Test
  void unknownVersionIsRefusedWithAReason() throws Exception {
    try (EchoServer server = EchoServer.start();
        RawPeer peer = RawPeer.connect(server.port())) {
      peer.greet(Frames.VERSION + 1, 0);
      assertEquals(Frames.VERSION << 8 | Greeting.REFUSING, peer.greeting());
      RawPeer.Frame refusal = peer.receive();
      assertEquals(Frames.REFUSAL, refusal.kind());
      assertEquals(
          ErrorCode.UNSUPPORTED_VERSION,
          assertInstanceOf(ErrorReply.class, refusal.message()).code());
      peer.awaitClosed();
    }
  }

  @Test
  void wrongRoleIsRefusedWithAReason() throws Exception {
    try (EchoServer server = EchoServer.start();
        RpcClient other = new RpcClient("test", Role.CHUNK_SERVER)) {
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () ->
                  other.call(server.address(), new MasterRequest.ReadLink(1), EchoServer.TIMEOUT));
      assertEquals(ErrorCode.UNAVAILABLE, e.code());
      assertTrue(e.getMessage().contains("is a master, not a chunk server"), e::getMessage);
    }
  }

  @Test
  void framesBeyondTheLimitsCloseTheConnection() throws Exception {
    int[][] lengths = {
      {Frames.COUNTED_BYTES + Frames.HEADER_MAX + 1, Frames.HEADER_MAX + 1},
      {Frames.COUNTED_BYTES + 10 + Frames.PAYLOAD_MAX + 1, 10},
      {-1, 10},
      {Integer.MIN_VALUE, -1},
      {Frames.COUNTED_BYTES - 1, 0},
      {0, 0},
      {Frames.COUNTED_BYTES + 5, 6},
    };
    try (EchoServer server = EchoServer.start()) {
      for (int[] each : lengths) {
        try (RawPeer peer = RawPeer.connect(server.port())) {
          peer.greet(Frames.VERSION, 0);
          peer.greeting();
          peer.out.writeInt(each[0]);
          peer.out.writeByte(Frames.REQUEST);
          peer.out.writeLong(1);
          peer.out.writeInt(each[1]);
          peer.awaitClosed();
        }
      }
    }
  }

  @Test
  void frameOfUnknownKindClosesTheConnection() throws Exception {
    try (EchoServer server = EchoServer.start()) {
      for (int kind : new int[] {0, Frames.REPLY, Frames.REFUSAL, 4, 255}) {
        try (RawPeer peer = RawPeer.connect(server.port())) {
          peer.greet(Frames.VERSION, 0);
          peer.greeting();
          peer.send(kind, 1, new MasterRequest.StatFs(), new byte[100_000]);
          peer.awaitClosed();
        } catch (java.net.SocketException e) {
          // Closed while it was being sent.
        }
      }
    }
  }

  @Test
  void unreadableRequestIsAnsweredAndTheConnectionGoesOn() throws Exception {
    try (EchoServer server = EchoServer.start();
        RawPeer peer = RawPeer.connect(server.port())) {
      peer.greet(Frames.VERSION, 0);
      peer.greeting();
      for (byte[] header : new byte[][] {{}, {127, 0}, {101, 5, 1}}) {
        peer.out.writeInt(Frames.COUNTED_BYTES + header.length + 3);
        peer.out.writeByte(Frames.REQUEST);
        peer.out.writeLong(-5);
        peer.out.writeInt(header.length);
        peer.out.write(header);
        peer.out.write(new byte[3]);
        RawPeer.Frame answer = peer.receive();
        assertEquals(-5, answer.id());
        ErrorCode expected = header.length == 2 ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.INVALID;
        assertEquals(expected, assertInstanceOf(ErrorReply.class, answer.message()).code());
      }
      peer.send(Frames.REQUEST, 6, new MasterRequest.ReadLink(8), new byte[] {1, 2});
      assertEquals(new MasterReply.Text("8"), peer.receive().message());
    }
  }

  @Test
  void requestsMayComeByteByByte() throws Exception {
    try (EchoServer server = EchoServer.start();
        RawPeer peer = RawPeer.connect(server.port())) {
      var bytes = new java.io.ByteArrayOutputStream();
      RawPeer.Frame answer;
      peer.greet(Frames.VERSION, 0);
      peer.greeting();
      byte[] header =
          dev.ashlar.protocol.message.RecordCodec.encodeMessage(new MasterRequest.ReadLink(3));
      try (var out = new java.io.DataOutputStream(bytes)) {
        out.writeInt(Frames.COUNTED_BYTES + header.length + 2);
        out.writeByte(Frames.REQUEST);
        out.writeLong(99);
        out.writeInt(header.length);
        out.write(header);
        out.write(new byte[] {7, 8});
      }
      for (byte b : bytes.toByteArray()) {
        peer.out.write(b);
        peer.out.flush();
      }
      answer = peer.receive();
      assertEquals(99, answer.id());
      assertEquals(8, answer.payload()[1]);
    }
  }

  @Test
  void silentConnectionIsClosed() throws Exception {
    RpcOptions hasty =
        new RpcOptions(
            10,
            10,
            1 << 20,
            1 << 20,
            10,
            1 << 20,
            1,
            Duration.ofMillis(30),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60));
    try (EchoServer server = EchoServer.start(0, hasty);
        RawPeer peer = RawPeer.connect(server.port())) {
      peer.awaitClosed();
    }
  }

  @Test
  void tooManyConnectionsAreRefusedWithAReason() throws Exception {
    RpcOptions two =
        new RpcOptions(
            2,
            10,
            1 << 20,
            1 << 20,
            10,
            1 << 20,
            1,
            Duration.ofSeconds(20),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60));
    try (EchoServer server = EchoServer.start(0, two);
        RawPeer second = RawPeer.connect(server.port())) {
      RawPeer first = RawPeer.connect(server.port());
      first.greet(Frames.VERSION, 0);
      first.greeting();
      second.greet(Frames.VERSION, 0);
      second.greeting();
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () ->
                  client.call(server.address(), new MasterRequest.ReadLink(1), EchoServer.TIMEOUT));
      assertEquals(ErrorCode.UNAVAILABLE, e.code());
      assertTrue(e.getMessage().contains("all the 2 connections"), e::getMessage);
      first.close();
      Await.until("there is room again", () -> answers(server));
    }
  }

  @Test
  void serverReadsNoMoreRequestsThanItsLimit() throws Exception {
    RpcOptions four =
        new RpcOptions(
            10,
            4,
            1 << 20,
            1 << 20,
            10,
            1 << 20,
            1,
            Duration.ofSeconds(20),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60));
    assertBounded(four, 4, 10);
  }

  @Test
  void serverReadsNoMoreBytesThanItsLimit() throws Exception {
    RpcOptions small =
        new RpcOptions(
            10,
            100,
            100_000,
            1 << 20,
            10,
            1 << 20,
            1,
            Duration.ofSeconds(20),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60));
    assertBounded(small, 2, 60_000);
    RpcOptions smallServer =
        new RpcOptions(
            10,
            100,
            1 << 20,
            100_000,
            10,
            1 << 20,
            1,
            Duration.ofSeconds(20),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60));
    assertBounded(smallServer, 2, 60_000);
  }

  /**
   * Sends far more requests than {@code most}: no more than that many may reach the handler before
   * it answers some.
   */
  private void assertBounded(RpcOptions options, int most, int payloadBytes) throws Exception {
    try (EchoServer server = EchoServer.start(0, options);
        RpcClient eager = new RpcClient("eager", Role.MASTER, EventLoops.shared(), PLAIN)) {
      List<CompletableFuture<RpcReply>> answers = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        answers.add(
            eager.send(
                server.address(),
                new MasterRequest.GetAttr(i),
                RpcTest.direct(new byte[payloadBytes]),
                EchoServer.TIMEOUT));
      }
      int done = 0;
      while (done < answers.size()) {
        int atLeast = Math.min(most, answers.size() - done);
        Await.until("the server takes what it may", () -> server.kept.size() >= atLeast);
        for (int i = 0; i < 3; i++) {
          assertTrue(answers(server));
          assertEquals(atLeast, server.kept.size());
        }
        server.release(atLeast);
        done += atLeast;
      }
      for (CompletableFuture<RpcReply> each : answers) {
        each.get().close();
      }
    }
  }

  @Test
  void peerThatTakesNoAnswersIsNotReadForEver() throws Exception {
    int requests = 150;
    byte[] megabyte = new byte[1 << 20];
    try (EchoServer server = EchoServer.start();
        RawPeer peer = RawPeer.connect(server.port())) {
      peer.greet(Frames.VERSION, 0);
      peer.greeting();
      Thread writer =
          Thread.ofPlatform()
              .name("writer")
              .start(() -> {
                try {
                  for (int i = 0; i < requests; i++) {
                    peer.send(Frames.REQUEST, i, new MasterRequest.ReadLink(i), megabyte);
                  }
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      for (int i = 0; i < requests; i++) {
        assertTrue(
            server.handled.get() - i < 64,
            "The server holds " + (server.handled.get() - i) + " MiB for a peer that reads slowly");
        assertEquals(i, peer.receive().id());
      }
      writer.join();
    }
  }

  @Test
  void answersAfterTheEndAreDropped() throws Exception {
    EchoServer server = EchoServer.start();
    CompletableFuture<RpcReply> answer =
        client.send(
            server.address(),
            new MasterRequest.GetAttr(1),
            RpcTest.direct(new byte[10]),
            EchoServer.TIMEOUT);
    Await.until("the request came", () -> !server.kept.isEmpty());
    RpcRequest request = server.kept.remove();
    server.close();
    assertEquals(ErrorCode.TIMEOUT, RpcTest.code(answer));
    client.close();
    request.payload().release();
    request.reply(new MasterReply.Done(), RpcTest.direct(new byte[100_000]));
  }

  private boolean answers(EchoServer server) {
    try {
      client.call(server.address(), new MasterRequest.ReadLink(1), EchoServer.TIMEOUT).close();
      return true;
    } catch (AshlarException e) {
      return false;
    }
  }
}
