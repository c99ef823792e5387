package dev.ashlar.bench;

import dev.ashlar.bench.Parallel.Times;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * How long the slowest reads and writes take while one chunk server stands still (SIGSTOP), beside
 * the same with all of them running, and what that costs in requests.
 */
final class TailCase {
  private static final int READ_BYTES = 256 << 10;
  private static final int WRITE_BYTES = 1 << 20;

  private final Settings settings;
  private final BenchCluster cluster;
  private final Consumer<Result> out;

  TailCase(Settings settings, BenchCluster cluster, Consumer<Result> out) {
    this.settings = settings;
    this.cluster = cluster;
    this.out = out;
  }

  /** Reads from a large file that is there. */
  void run(String file) throws IOException {
    try (AshlarFileSystem files = AshlarFileSystem.connect(ClientConfig.of(cluster.address()))) {
      long inode = files.lookup(Attr.ROOT, file).inode();
      reads(files, inode, "read 256 KiB at random, first");
      reads(files, inode, "read 256 KiB at random");
      writes(files, "put 1 MiB, first");
      writes(files, "put 1 MiB");
      cluster.signal("server-1", "STOP");
      try {
        reads(files, inode, "read, a server stopped");
        writes(files, "put, a server stopped");
      } finally {
        cluster.signal("server-1", "CONT");
      }
      cluster.run("wait-healthy", "--timeout", "120s");
    }
  }

  private void reads(AshlarFileSystem files, long inode, String name) throws IOException {
    try (FileReader reader = files.reader(inode)) {
      long places = settings.bytes() / READ_BYTES;
      int count = settings.files() * 2;
      long requests = files.stats().blockReads();
      long hedged = files.stats().hedgedReads();
      Usage servers = cluster.usage();
      Usage own = Usage.own();
      Times times =
          Parallel.run(
              settings.threads(),
              count,
              i -> {
                ByteBuffer into = ByteBuffer.allocate(READ_BYTES);
                reader.read(new SplittableRandom(i).nextLong(places) * READ_BYTES, into);
                if (into.hasRemaining()) {
                  throw new IOException("Read " + into.position() + " of " + READ_BYTES + " bytes");
                }
              });
      Usage used = cluster.usage().since(servers);
      out.accept(
          used.each(times.into(Result.of(name)), "read", count, Usage.own().since(own))
              .with("requests/read", (files.stats().blockReads() - requests) / (double) count)
              .with("hedged/read", (files.stats().hedgedReads() - hedged) / (double) count));
    }
  }

  private void writes(AshlarFileSystem files, String name) throws IOException {
    byte[] content = new byte[WRITE_BYTES];
    new Random(9).nextBytes(content);
    long dir = files.mkdirs("/tail-" + System.nanoTime(), 0755).inode();
    Usage servers = cluster.usage();
    Usage own = Usage.own();
    Times times =
        Parallel.run(
            settings.threads(),
            settings.files(),
            i -> {
              try (FileWriter writer =
                  files.stage(dir, "f" + i, StageOptions.DEFAULT.withExpectedSize(WRITE_BYTES))) {
                writer.write(ByteBuffer.wrap(content));
                writer.commit();
              }
            });
    Usage used = cluster.usage().since(servers);
    out.accept(
        used.each(times.into(Result.of(name)), "put", times.count(), Usage.own().since(own)));
  }
}
