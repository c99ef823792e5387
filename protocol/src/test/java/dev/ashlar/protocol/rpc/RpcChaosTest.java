package dev.ashlar.protocol.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.Seed;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Many clients, a server that comes and goes and answers late or never: every request ends, no
 * answer is mixed up, nothing leaks.
 */
@ExtendWith(LeakCheck.class)
class RpcChaosTest {
  private static final int THREADS = 4;
  private static final int REQUESTS = 1500;

  private final long seed = Seed.next();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();

  @Test
  void everyRequestEnds() throws Exception {
    EchoServer first = EchoServer.start();
    int port = first.port();
    AtomicBoolean over = new AtomicBoolean();
    Thread disturber =
        Thread.ofPlatform().name("disturber").start(() -> disturb(first, port, over));
    RpcOptions small =
        new RpcOptions(
            100,
            20,
            1 << 20,
            1 << 20,
            50,
            1 << 20,
            2,
            Duration.ofSeconds(3),
            Duration.ofMillis(200),
            Duration.ofSeconds(60));
    List<Thread> threads = new ArrayList<>();
    List<CompletableFuture<RpcReply>> all = new ArrayList<>();
    try (RpcClient client = new RpcClient("chaos", Role.MASTER, EventLoops.shared(), small)) {
      for (int t = 0; t < THREADS; t++) {
        Random random = new Random(seed + t);
        List<CompletableFuture<RpcReply>> mine = new ArrayList<>();
        threads.add(
            Thread.ofVirtual()
                .name("client-" + t)
                .start(() -> {
                  for (int i = 0; i < REQUESTS; i++) {
                    mine.add(request(client, "127.0.0.1:" + port, random));
                  }
                  synchronized (all) {
                    all.addAll(mine);
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(THREADS * REQUESTS, all.size(), () -> "seed " + seed);
      for (CompletableFuture<RpcReply> each : all) {
        each.handle((_, _) -> null).get(30, TimeUnit.SECONDS);
      }
    } finally {
      over.set(true);
      disturber.join();
    }
    assertEquals(THREADS * REQUESTS, answered.get() + failed.get(), () -> "seed " + seed);
    assertTrue(answered.get() > 0);
  }

  /** Sends one request; checks and lets go of its answer when it comes. */
  private CompletableFuture<RpcReply> request(RpcClient client, String address, Random random) {
    long number = random.nextLong();
    int size = random.nextInt(random.nextInt(10) == 0 ? 200_000 : 500);
    Duration timeout = Duration.ofMillis(1 + random.nextInt(300));
    boolean kept = random.nextInt(10) == 0;
    var message = kept ? new MasterRequest.GetAttr(number) : new MasterRequest.ReadLink(number);
    CompletableFuture<RpcReply> answer = new CompletableFuture<>();
    if (random.nextBoolean()) {
      answer = client.send(address, message, RpcTest.direct(new byte[size]), timeout);
    } else {
      try {
        answer.complete(client.call(address, message, RpcTest.direct(new byte[size]), timeout));
      } catch (AshlarException e) {
        answer.completeExceptionally(e);
      }
    }
    return answer.whenComplete((reply, error) -> {
      if (reply != null) {
        assertTrue(
            kept
                ? reply.message() instanceof MasterReply.Done
                : reply.message().equals(new MasterReply.Text(Long.toString(number))));
        assertEquals(kept ? 0 : size, reply.payload().readableBytes());
        reply.close();
        answered.incrementAndGet();
      } else {
        assertTrue(error instanceof AshlarException);
        failed.incrementAndGet();
      }
    });
  }

  private void disturb(EchoServer first, int port, AtomicBoolean over) {
    EchoServer server = first;
    Random random = new Random(seed);
    try {
      while (!over.get()) {
        int handled = server.handled.get();
        EchoServer present = server;
        int enough = 50 + random.nextInt(300);
        Await.until(
            "there is traffic",
            () ->
                over.get() || present.handled.get() - handled > enough || !present.kept.isEmpty());
        server.release(Math.min(server.kept.size(), random.nextInt(20)));
        if (random.nextInt(5) == 0) {
          server.close();
          server = EchoServer.start(port, RpcOptions.DEFAULT);
        }
      }
    } catch (AshlarException e) {
      throw new IllegalStateException("seed " + seed, e);
    } finally {
      server.close();
    }
  }
}
