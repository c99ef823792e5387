package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What servers, and networks, can do to a client. */
@ExtendWith(LeakCheck.class)
class RpcClientFaultTest {
  private static final Duration LONG = EchoServer.TIMEOUT;

  private static RpcClient client() {
    return new RpcClient("test", Role.MASTER);
  }

  /** A client that is soon tired. */
  private static RpcClient hasty(
      int inFlight, int queued, Duration connectTimeout, Duration silence) {
    return new RpcClient(
        "test",
        Role.MASTER,
        EventLoops.shared(),
        new RpcOptions(
            10,
            inFlight,
            1 << 20,
            1 << 20,
            queued,
            1 << 20,
            1,
            connectTimeout,
            silence,
            Duration.ofSeconds(60)));
  }

  private static String address(ServerSocket socket) {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  private static ServerSocket listen() throws IOException {
    return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @Test
  void noServerIsUnavailableAndASecondRequestFailsAtOnce() throws Exception {
    String address;
    try (ServerSocket socket = listen()) {
      address = address(socket);
    }
    try (RpcClient client = client()) {
      assertEquals(
          ErrorCode.UNAVAILABLE,
          RpcTest.code(
              client.send(address, new MasterRequest.StatFs(), RpcTest.direct(new byte[9]), LONG)));
      Await.until("a request fails at once", () -> failsAtOnce(client, address));
    }
  }

  @Test
  void reconnectsWhenTheServerIsBack() throws Exception {
    try (RpcClient client = client()) {
      EchoServer first = EchoServer.start();
      int port = first.port();
      client.call(first.address(), new MasterRequest.ReadLink(1), LONG).close();
      first.close();
      Await.until("the loss is noticed", () -> !answers(client, "127.0.0.1:" + port));
      try (EchoServer second = EchoServer.start(port, RpcOptions.DEFAULT)) {
        Await.until("the client is connected again", () -> answers(client, second.address()));
      }
    }
  }

  @Test
  void serverThatDiesLeavesSentRequestsUnknownAndUnsentOnesUndone() throws Exception {
    try (RpcClient client = hasty(3, 100, Duration.ofSeconds(3), Duration.ofSeconds(10))) {
      EchoServer server = EchoServer.start();
      List<CompletableFuture<RpcReply>> answers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        answers.add(
            client.send(
                server.address(),
                new MasterRequest.GetAttr(i),
                RpcTest.direct(new byte[100]),
                LONG));
      }
      Await.until("three requests came", () -> server.kept.size() == 3);
      server.close();
      for (int i = 0; i < 8; i++) {
        assertEquals(
            i < 3 ? ErrorCode.TIMEOUT : ErrorCode.UNAVAILABLE,
            RpcTest.code(answers.get(i)),
            "request " + i);
      }
    }
  }

  @Test
  void requestsOutOfTimeBeforeTheyWereSentAreUnavailable() throws Exception {
    try (RpcClient client = hasty(1, 100, Duration.ofSeconds(3), Duration.ofSeconds(10));
        EchoServer server = EchoServer.start()) {
      CompletableFuture<RpcReply> sent =
          client.send(server.address(), new MasterRequest.GetAttr(1), null, LONG);
      Await.until("the first request came", () -> server.kept.size() == 1);
      CompletableFuture<RpcReply> unsent =
          client.send(
              server.address(),
              new MasterRequest.GetAttr(2),
              RpcTest.direct(new byte[7]),
              Duration.ofMillis(30));
      assertEquals(ErrorCode.UNAVAILABLE, RpcTest.code(unsent));
      assertFalse(sent.isDone());
      server.release(1);
      sent.get().close();
    }
  }

  @Test
  void queueIsBoundedAndCallsWaitForRoom() throws Exception {
    try (RpcClient client = hasty(1, 2, Duration.ofSeconds(3), Duration.ofSeconds(10));
        EchoServer server = EchoServer.start()) {
      CompletableFuture<RpcReply> sent =
          client.send(server.address(), new MasterRequest.GetAttr(0), null, LONG);
      Await.until("the first request came", () -> server.kept.size() == 1);
      CompletableFuture<RpcReply> second =
          client.send(
              server.address(), new MasterRequest.ReadLink(1), RpcTest.direct(new byte[5]), LONG);
      CompletableFuture<RpcReply> third =
          client.send(
              server.address(), new MasterRequest.ReadLink(2), RpcTest.direct(new byte[5]), LONG);
      assertEquals(
          ErrorCode.RETRY,
          RpcTest.code(
              client.send(
                  server.address(),
                  new MasterRequest.ReadLink(3),
                  RpcTest.direct(new byte[5]),
                  LONG)));
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () ->
                  client.call(
                      server.address(),
                      new MasterRequest.ReadLink(4),
                      RpcTest.direct(new byte[5]),
                      Duration.ofMillis(30)));
      assertEquals(ErrorCode.UNAVAILABLE, e.code());
      Thread releaser = Thread.ofPlatform().name("releaser").start(() -> server.release(1));
      client
          .call(server.address(), new MasterRequest.ReadLink(5), RpcTest.direct(new byte[5]), LONG)
          .close();
      for (CompletableFuture<RpcReply> each : List.of(sent, second, third)) {
        each.get().close();
      }
      releaser.join();
    }
  }

  @Test
  void queuedBytesAreBounded() throws Exception {
    try (RpcClient client = hasty(1, 100, Duration.ofSeconds(3), Duration.ofSeconds(10));
        EchoServer server = EchoServer.start()) {
      CompletableFuture<RpcReply> sent =
          client.send(server.address(), new MasterRequest.GetAttr(0), null, LONG);
      Await.until("the first request came", () -> server.kept.size() == 1);
      CompletableFuture<RpcReply> second =
          client.send(
              server.address(),
              new MasterRequest.ReadLink(1),
              RpcTest.direct(new byte[2 << 20]),
              LONG);
      assertEquals(
          ErrorCode.RETRY,
          RpcTest.code(
              client.send(
                  server.address(),
                  new MasterRequest.ReadLink(2),
                  RpcTest.direct(new byte[5]),
                  LONG)));
      server.release(1);
      sent.get().close();
      second.get().close();
    }
  }

  @Test
  void serverThatNeverGreetsIsUnavailableAndOnlyTheFirstRequestWaits() throws Exception {
    try (ServerSocket socket = listen();
        RpcClient client = hasty(10, 100, Duration.ofMillis(100), Duration.ofSeconds(10))) {
      assertEquals(
          ErrorCode.UNAVAILABLE,
          RpcTest.code(client.send(address(socket), new MasterRequest.StatFs(), null, LONG)));
      Await.until("a request fails at once", () -> failsAtOnce(client, address(socket)));
    }
  }

  @Test
  void stalledServerIsATimeoutAndIsGivenUpAfterLongSilence() throws Exception {
    try (ServerSocket socket = listen();
        RpcClient client = hasty(10, 100, Duration.ofSeconds(5), Duration.ZERO)) {
      CompletableFuture<RpcReply> answer =
          client.send(address(socket), new MasterRequest.StatFs(), null, Duration.ofSeconds(2));
      try (RawPeer peer = new RawPeer(socket.accept())) {
        assertEquals(Frames.VERSION << 8, peer.greeting());
        peer.greet(Frames.VERSION, 0);
        assertEquals(ErrorCode.TIMEOUT, RpcTest.code(answer));
        peer.awaitClosed();
      }
    }
  }

  @Test
  void silenceThatIsLongerThanEveryRequestIsNoticed() throws Exception {
    try (ServerSocket socket = listen();
        RpcClient client = hasty(10, 100, Duration.ofSeconds(5), Duration.ofMillis(300))) {
      CompletableFuture<RpcReply> first = ask(client, socket);
      try (RawPeer peer = new RawPeer(socket.accept())) {
        peer.greeting();
        peer.greet(Frames.VERSION, 0);
        CompletableFuture<Void> closed =
            CompletableFuture.runAsync(() -> assertDoesNotThrow(peer::awaitClosed));
        assertEquals(ErrorCode.TIMEOUT, RpcTest.code(first));
        for (int n = 0; n < 50 && !closed.isDone(); n++) {
          RpcTest.code(ask(client, socket)); // the one after the end meets a new connection
        }
        closed.get(20, TimeUnit.SECONDS);
      }
    }
  }

  private static CompletableFuture<RpcReply> ask(RpcClient client, ServerSocket socket) {
    return client.send(address(socket), new MasterRequest.StatFs(), null, Duration.ofMillis(100));
  }

  @Test
  void serverOfAnotherVersionIsNamedAsSuch() throws Exception {
    try (ServerSocket socket = listen();
        RpcClient client = client()) {
      CompletableFuture<RpcReply> answer =
          client.send(address(socket), new MasterRequest.StatFs(), null, LONG);
      try (RawPeer peer = new RawPeer(socket.accept())) {
        peer.greeting();
        peer.greet(Frames.VERSION + 1, Greeting.REFUSING);
        peer.send(
            Frames.REFUSAL,
            0,
            new ErrorReply(ErrorCode.UNSUPPORTED_VERSION, "too old"),
            new byte[0]);
        assertEquals(ErrorCode.UNSUPPORTED_VERSION, RpcTest.code(answer));
        peer.awaitClosed();
      }
    }
  }

  @Test
  void otherServersThanAshlarsAreUnavailable() throws Exception {
    try (ServerSocket socket = listen();
        RpcClient client = client()) {
      CompletableFuture<RpcReply> answer =
          client.send(
              address(socket), new MasterRequest.StatFs(), RpcTest.direct(new byte[3]), LONG);
      try (RawPeer peer = new RawPeer(socket.accept())) {
        // At once: the client may close after the first wrong byte.
        peer.out.write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertEquals(ErrorCode.UNAVAILABLE, RpcTest.code(answer));
        peer.awaitClosed();
      }
    }
  }

  @Test
  void answersThatCannotBeReadAreInternalErrorsAndUnknownOnesAreDropped() throws Exception {
    try (ServerSocket socket = listen();
        RpcClient client = client()) {
      CompletableFuture<RpcReply> first =
          client.send(address(socket), new MasterRequest.StatFs(), null, LONG);
      try (RawPeer peer = new RawPeer(socket.accept())) {
        peer.greeting();
        peer.greet(Frames.VERSION, 0);
        RawPeer.Frame request = peer.receive();
        peer.send(Frames.REPLY, 123456, new MasterReply.Done(), new byte[70_000]);
        peer.out.writeInt(Frames.COUNTED_BYTES + 2 + 10);
        peer.out.writeByte(Frames.REPLY);
        peer.out.writeLong(request.id());
        peer.out.writeInt(2);
        peer.out.write(new byte[12]);
        assertEquals(ErrorCode.INTERNAL, RpcTest.code(first));
        CompletableFuture<RpcReply> second =
            client.send(address(socket), new MasterRequest.StatFs(), null, LONG);
        peer.send(Frames.REPLY, peer.receive().id(), new MasterReply.Done(), new byte[0]);
        second.get().close();
      }
    }
  }

  @Test
  void frameFromTheServerBeyondTheLimitsEndsTheConnection() throws Exception {
    try (ServerSocket socket = listen();
        RpcClient client = client()) {
      CompletableFuture<RpcReply> answer =
          client.send(address(socket), new MasterRequest.StatFs(), null, LONG);
      try (RawPeer peer = new RawPeer(socket.accept())) {
        peer.greeting();
        peer.greet(Frames.VERSION, 0);
        peer.receive();
        peer.out.writeInt(Integer.MAX_VALUE);
        peer.out.write(new byte[13]);
        assertEquals(ErrorCode.TIMEOUT, RpcTest.code(answer));
        peer.awaitClosed();
      }
    }
  }

  @Test
  void severalConnectionsToOneAddressShareTheWork() throws Exception {
    try (EchoServer server = EchoServer.start();
        RpcClient client =
            new RpcClient(
                "test",
                Role.MASTER,
                EventLoops.shared(),
                RpcOptions.DEFAULT.withConnectionsPerAddress(3))) {
      List<CompletableFuture<RpcReply>> answers = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        answers.add(client.send(server.address(), new MasterRequest.GetAttr(i), null, LONG));
      }
      Await.until("all requests came", () -> server.kept.size() == 100);
      assertEquals(3, server.kept.stream().map(RpcRequest::peer).distinct().count());
      server.release(100);
      for (CompletableFuture<RpcReply> each : answers) {
        each.get().close();
      }
    }
  }

  private static boolean failsAtOnce(RpcClient client, String address) {
    return client
        .send(address, new MasterRequest.StatFs(), RpcTest.direct(new byte[9]), LONG)
        .isCompletedExceptionally();
  }

  private static boolean answers(RpcClient client, String address) {
    try {
      client.call(address, new MasterRequest.ReadLink(1), LONG).close();
      return true;
    } catch (AshlarException e) {
      return false;
    }
  }
}
