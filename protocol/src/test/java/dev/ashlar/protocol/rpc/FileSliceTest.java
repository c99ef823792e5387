package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Seed;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that come from files, over both kinds of transport. */
@ExtendWith(LeakCheck.class)
class FileSliceTest {
  private static final int FILE_BYTES = 5 << 20;
  private final long seed = Seed.next();
  private final Random random = new Random(seed);

  @TempDir private Path directory;

  private interface Body {
    void run(RpcServer server, RpcClient client, FileChannel file, byte[] content) throws Exception;
  }

  private final ConcurrentLinkedQueue<List<FileSlice>> script = new ConcurrentLinkedQueue<>();
  private final AtomicInteger sent = new AtomicInteger();

  private void with(boolean epoll, Body body) throws Exception {
    with(epoll, RpcOptions.DEFAULT, body);
  }

  private void with(boolean epoll, RpcOptions options, Body body) throws Exception {
    Assumptions.assumeTrue(!epoll || Epoll.isAvailable());
    byte[] content = new byte[FILE_BYTES];
    random.nextBytes(content);
    Path path = Files.write(directory.resolve("content"), content);
    EventLoops loops = EventLoops.create("test", 2, epoll);
    try (FileChannel file =
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        RpcServer server =
            RpcServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                "files",
                Role.MASTER,
                request ->
                    request.reply(new MasterReply.Done(), script.remove(), sent::incrementAndGet),
                loops,
                options);
        RpcClient client = new RpcClient("test", Role.MASTER, loops, RpcOptions.DEFAULT)) {
      body.run(server, client, file, content);
    }
  }

  private static CompletableFuture<RpcReply> ask(RpcServer server, RpcClient client) {
    return client.send(
        "127.0.0.1:" + server.address().getPort(),
        new MasterRequest.StatFs(),
        null,
        EchoServer.TIMEOUT);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void slicesArriveAsTheyLieInTheFile(boolean epoll) throws Exception {
    with(
        epoll,
        (server, client, file, content) -> {
          for (int i = 1; i <= 100; i++) {
            List<FileSlice> slices = new ArrayList<>();
            ByteBuffer expected = ByteBuffer.allocate(Frames.PAYLOAD_MAX);
            for (int n = random.nextInt(6); n > 0; n--) {
              int length = random.nextInt(random.nextBoolean() ? 700_000 : 100);
              int position = random.nextInt(FILE_BYTES - length);
              slices.add(new FileSlice(file, position, length));
              expected.put(content, position, length);
            }
            script.add(slices);
            byte[] bytes = Arrays.copyOf(expected.array(), expected.position());
            try (RpcReply reply = ask(server, client).get()) {
              assertTrue(
                  Arrays.equals(bytes, ByteBufUtil.getBytes(reply.payload())),
                  () -> "seed " + seed);
            }
            int told = i;
            Await.until("the handler is told", () -> sent.get() == told);
          }
          assertTrue(file.isOpen());
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void fileThatIsTooShortEndsTheConnectionInsteadOfSendingOtherBytes(boolean epoll)
      throws Exception {
    with(
        epoll,
        (server, client, file, _) -> {
          script.add(List.of(new FileSlice(file, FILE_BYTES - 1000, 2000)));
          assertEquals(ErrorCode.TIMEOUT, RpcTest.code(ask(server, client)));
          Await.until("the handler is told", () -> sent.get() == 1);
          assertTrue(file.isOpen());
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void handlerIsToldWhenTheConnectionIsGoneBeforeItAnswers(boolean epoll) throws Exception {
    with(
        epoll,
        (server, _, file, _) -> {
          script.add(List.of(new FileSlice(file, 0, 4 << 20)));
          try (RawPeer peer = RawPeer.connect(server.address().getPort())) {
            peer.greet(Frames.VERSION, 0);
            peer.greeting();
            peer.send(Frames.REQUEST, 1, new MasterRequest.StatFs(), new byte[0]);
            peer.in.readInt();
          }
          Await.until("the handler is told", () -> sent.get() == 1);
        });
  }

  /** A stopped process keeps its connection for ever: its kernel answers for it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void handlerIsToldWhenTheOtherSideTakesNothing(boolean epoll) throws Exception {
    with(
        epoll,
        RpcOptions.DEFAULT.withStall(Duration.ofMillis(200)),
        (server, client, file, _) -> {
          try (RawPeer stopped = RawPeer.connect(server.address().getPort())) {
            stopped.greet(Frames.VERSION, 0);
            stopped.greeting();
            for (int i = 0; i < 8; i++) {
              script.add(List.of(new FileSlice(file, 0, 4 << 20)));
              stopped.send(Frames.REQUEST, i, new MasterRequest.StatFs(), new byte[0]);
            }
            Await.until("the handler is told of all", () -> sent.get() == 8);
            script.add(List.of());
            ask(server, client).get().close();
          }
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void answerOfTooManyBytesIsAnErrorAndTheHandlerIsTold(boolean epoll) throws Exception {
    with(
        epoll,
        (server, client, file, _) -> {
          script.add(List.of(new FileSlice(file, 0, 4 << 20), new FileSlice(file, 0, 100_000)));
          assertEquals(ErrorCode.TOO_LARGE, RpcTest.code(ask(server, client)));
          Await.until("the handler is told", () -> sent.get() == 1);
        });
  }

  /** Closed files are the handler's fault: the other side must not wait for ever. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void closedFileEndsTheConnection(boolean epoll) throws Exception {
    with(
        epoll,
        (server, client, _, _) -> {
          script.add(List.of(closedSlice()));
          assertEquals(ErrorCode.TIMEOUT, RpcTest.code(ask(server, client)));
          Await.until("the handler is told", () -> sent.get() == 1);
        });
  }

  private FileSlice closedSlice() throws IOException {
    FileChannel closed = FileChannel.open(directory.resolve("content"), StandardOpenOption.READ);
    closed.close();
    return new FileSlice(closed, 0, 10_000);
  }
}
