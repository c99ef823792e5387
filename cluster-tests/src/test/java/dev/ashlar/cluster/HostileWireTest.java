package dev.ashlar.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.BlockToken;
import dev.ashlar.protocol.Checksums;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.ChunkRequest;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Strangers talk to the ports: they are refused and nothing is harmed (P5, P7). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileWireTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final int FRAME_HEAD = 17;

  private final Seed seed = Seed.of(HostileWireTest.class);
  private final Random random = seed.random();
  private LocalCluster cluster;
  private Corpus corpus;

  @BeforeAll
  void start(@TempDir Path dir) throws IOException {
    cluster = LocalCluster.start(1, 3, "rs-2-1");
    corpus = Corpus.make(dir.resolve("corpus"), random, 8, 1 << 20);
    cluster.run("put", "-r", corpus.root().toString(), "/corpus").mustSucceed();
  }

  @AfterAll
  void stop() throws IOException {
    cluster.close();
  }

  private List<String> ports() throws AshlarException {
    try (AshlarFileSystem files = connect()) {
      return files.status().servers().stream().map(s -> s.address()).toList();
    }
  }

  private AshlarFileSystem connect() throws AshlarException {
    return AshlarFileSystem.connect(ClientConfig.of(cluster.address()));
  }

  private static byte[] greeting(int version) {
    return ByteBuffer.allocate(7)
        .putInt(0x4153484C)
        .putShort((short) version)
        .put((byte) 2)
        .array();
  }

  private void stillWhole(Path dir) throws IOException {
    cluster.run("get", "-r", "/corpus", dir.resolve("after").toString()).mustSucceed();
    corpus.mustEqual(dir.resolve("after"));
    cluster.mustBeClean();
  }

  /** Sends bytes and reads until the other side closes, or has nothing more to say. */
  private static void shout(String address, byte[]... parts) throws IOException {
    int colon = address.lastIndexOf(':');
    try (Socket socket =
        new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)))) {
      socket.setSoTimeout(300);
      try {
        OutputStream out = socket.getOutputStream();
        for (byte[] part : parts) {
          out.write(part);
        }
        out.flush();
        socket.getInputStream().readAllBytes();
      } catch (IOException e) {
        // dropped by the other side, or it waits for more of a frame that never ends: both are what
        // a stranger deserves
      }
    }
  }

  @Test
  void garbageOnEveryPortHarmsNothing(@TempDir Path dir) throws IOException {
    for (String address : all()) {
      for (int i = 0; i < 10; i++) {
        byte[] bytes = new byte[1 + random.nextInt(5000)];
        random.nextBytes(bytes);
        shout(address, bytes);
        shout(address, greeting(1), bytes);
      }
      shout(address, greeting(99));
      shout(
          address,
          greeting(1),
          ByteBuffer.allocate(FRAME_HEAD)
              .putInt(Integer.MAX_VALUE)
              .put((byte) 1)
              .putLong(1)
              .putInt(100)
              .array());
      shout(
          address,
          greeting(1),
          ByteBuffer.allocate(FRAME_HEAD).putInt(-1).put((byte) 1).putLong(1).putInt(-1).array());
    }
    stillWhole(dir);
  }

  @Test
  void mutatedRequestsHarmNothing(@TempDir Path dir) throws IOException {
    List<Message> requests =
        List.of(
            new MasterRequest.Resolve("/corpus", true),
            new MasterRequest.GetLayout(2, 0, 10, 5),
            new MasterRequest.BlockDigests(
                "server-1", 1, List.of(new MasterRequest.GroupDigest(1, 2, 3))),
            new ChunkRequest.ReadBlock(new BlockKey(1, 1, 0), 1, token(1), 0, 100),
            new ChunkRequest.SealBlock(new BlockKey(1, 1, 0), 1, 1, token(1), 0, 0, 5));
    for (String address : all()) {
      for (int i = 0; i < 60; i++) {
        byte[] header = RecordCodec.encodeMessage(requests.get(random.nextInt(requests.size())));
        for (int flips = random.nextInt(4); flips >= 0; flips--) {
          header[random.nextInt(header.length)] ^= (byte) (1 << random.nextInt(8));
        }
        ByteBuffer frame = ByteBuffer.allocate(FRAME_HEAD + header.length);
        frame
            .putInt(FRAME_HEAD - 4 + header.length)
            .put((byte) 1)
            .putLong(i)
            .putInt(header.length)
            .put(header);
        shout(address, greeting(1), frame.array());
      }
    }
    stillWhole(dir);
  }

  private static BlockToken token(long chunk) {
    return new BlockToken(
        chunk, 1, BlockToken.READ | BlockToken.WRITE, 1, 1, Long.MAX_VALUE, 1, new byte[32]);
  }

  private List<String> all() throws AshlarException {
    return java.util.stream.Stream.concat(
            java.util.stream.Stream.of(cluster.address()), ports().stream())
        .toList();
  }

  @Test
  void tokensThatAreForgedOrForSomethingElseAreRefused(@TempDir Path dir) throws IOException {
    try (AshlarFileSystem files = connect();
        RpcClient masters = new RpcClient("test", Role.MASTER);
        RpcClient servers = new RpcClient("test", Role.CHUNK_SERVER)) {
      Attr big = files.resolve("/corpus/big").attr();
      ChunkPlace chunk;
      try (RpcReply reply =
          masters.call(
              cluster.address(), new MasterRequest.GetLayout(big.inode(), 0, 1, 0), LIMIT)) {
        chunk = ((MasterReply.Layout) reply.message()).chunks().getFirst();
      }
      String address = chunk.blocks().getFirst().server();
      long disk = chunk.blocks().getFirst().disk();
      BlockKey block = new BlockKey(chunk.chunk(), chunk.version(), 0);
      BlockToken good = chunk.token();
      byte[] forged = good.mac().clone();
      forged[3] ^= 1;
      List<BlockToken> bad =
          List.of(
              new BlockToken(
                  good.chunk(),
                  good.version(),
                  good.rights(),
                  good.epoch(),
                  good.group(),
                  good.expiresMs(),
                  good.keyId(),
                  forged),
              new BlockToken(
                  good.chunk(),
                  good.version(),
                  good.rights(),
                  good.epoch(),
                  good.group(),
                  good.expiresMs() + 1,
                  good.keyId(),
                  good.mac()),
              new BlockToken(
                  good.chunk() + 1,
                  good.version(),
                  good.rights(),
                  good.epoch(),
                  good.group(),
                  good.expiresMs(),
                  good.keyId(),
                  good.mac()),
              token(good.chunk()));
      for (BlockToken token : bad) {
        AshlarException refused =
            assertThrows(
                AshlarException.class,
                () ->
                    servers
                        .call(
                            address, new ChunkRequest.ReadBlock(block, disk, token, 0, 100), LIMIT)
                        .close());
        assertEquals(ErrorCode.BAD_TOKEN, refused.code());
      }
      ByteBuf payload = Unpooled.directBuffer(100).writeZero(100);
      int[] crcs = Checksums.slices(payload.nioBuffer());
      BlockKey next = new BlockKey(chunk.chunk(), chunk.version() + 1, 0);
      AshlarException readOnly =
          assertThrows(
              AshlarException.class,
              () ->
                  servers
                      .call(
                          address,
                          new ChunkRequest.WriteBlock(
                              next, disk, chunk.group(), good, 0, 0, 0, crcs, true),
                          payload,
                          LIMIT)
                      .close());
      assertEquals(ErrorCode.BAD_TOKEN, readOnly.code());
      servers.call(address, new ChunkRequest.ReadBlock(block, disk, good, 0, 100), LIMIT).close();
    }
    stillWhole(dir);
  }

  @Test
  void aWrongRoleAndAnUnknownVersionAreToldSo() throws IOException {
    String server = ports().getFirst();
    try (RpcClient client = new RpcClient("test", Role.MASTER)) {
      AshlarException e =
          assertThrows(
              AshlarException.class,
              () -> client.call(server, new MasterRequest.GetStatus(), LIMIT).close());
      assertTrue(e.getMessage().contains(server), e.getMessage());
    }
    int colon = server.lastIndexOf(':');
    try (Socket socket =
        new Socket(server.substring(0, colon), Integer.parseInt(server.substring(colon + 1)))) {
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write(greeting(99));
      byte[] answer = socket.getInputStream().readAllBytes();
      assertTrue(
          new String(answer, java.nio.charset.StandardCharsets.ISO_8859_1).contains("version"),
          "the refusal says why");
    }
  }
}
