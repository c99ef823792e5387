package dev.ashlar.bench;

import dev.ashlar.bench.Parallel.Times;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * What many users do at a time: of a hundred operations 40 read a small file, 25 put one, 20 look a
 * name up, 10 read a file of 4 MiB, 5 put one.
 */
final class MixedCase {
  private static final int SMALL_BYTES = 16 << 10;
  private static final int LARGE_BYTES = 4 << 20;
  private static final int LARGE_FILES = 20;

  private final Settings settings;
  private final BenchCluster cluster;
  private final Consumer<Result> out;
  private final byte[] content = new byte[LARGE_BYTES];
  private final Map<String, ConcurrentLinkedQueue<Long>> nanos = new ConcurrentHashMap<>();

  MixedCase(Settings settings, BenchCluster cluster, Consumer<Result> out) {
    this.settings = settings;
    this.cluster = cluster;
    this.out = out;
    new Random(3).nextBytes(content);
  }

  void run() throws IOException {
    try (AshlarFileSystem files = AshlarFileSystem.connect(ClientConfig.of(cluster.address()))) {
      long dir = files.mkdirs("/mixed-" + System.nanoTime(), 0755).inode();
      int small = settings.files();
      Parallel.run(settings.threads(), small, i -> put(files, dir, "s" + i, SMALL_BYTES));
      Parallel.run(settings.threads(), LARGE_FILES, i -> put(files, dir, "l" + i, LARGE_BYTES));
      Usage before = cluster.usage();
      Usage own = Usage.own();
      Times all =
          Parallel.run(
              settings.threads(),
              settings.files() * 4,
              i -> {
                SplittableRandom random = new SplittableRandom(i);
                int kind = random.nextInt(100);
                int one = random.nextInt(small);
                long start = System.nanoTime();
                String name;
                if (kind < 40) {
                  name = "get 16 KiB";
                  get(files, dir, "s" + one, SMALL_BYTES);
                } else if (kind < 65) {
                  name = "put 16 KiB";
                  put(files, dir, "n" + i, SMALL_BYTES);
                } else if (kind < 85) {
                  name = "stat";
                  files.lookup(dir, "s" + one);
                } else if (kind < 95) {
                  name = "get 4 MiB";
                  get(files, dir, "l" + one % LARGE_FILES, LARGE_BYTES);
                } else {
                  name = "put 4 MiB";
                  put(files, dir, "m" + i, LARGE_BYTES);
                }
                nanos
                    .computeIfAbsent(name, _ -> new ConcurrentLinkedQueue<>())
                    .add(System.nanoTime() - start);
              });
      Usage used = cluster.usage().since(before);
      out.accept(
          used.each(all.into(Result.of("mixed")), "op", all.count(), Usage.own().since(own)));
      for (String name : List.of("get 16 KiB", "put 16 KiB", "stat", "get 4 MiB", "put 4 MiB")) {
        long[] sorted =
            nanos.getOrDefault(name, new ConcurrentLinkedQueue<>()).stream()
                .mapToLong(Long::longValue)
                .sorted()
                .toArray();
        out.accept(new Times(all.seconds(), sorted).into(Result.of("  of it " + name)));
      }
    }
  }

  private void put(AshlarFileSystem files, long dir, String name, int bytes) throws IOException {
    try (FileWriter writer = files.stage(dir, name, StageOptions.DEFAULT.withExpectedSize(bytes))) {
      writer.write(ByteBuffer.wrap(content, 0, bytes));
      writer.commit();
    }
  }

  private void get(AshlarFileSystem files, long dir, String name, int bytes) throws IOException {
    try (FileReader reader = files.reader(files.lookup(dir, name).inode())) {
      byte[] got = new byte[bytes];
      reader.read(0, ByteBuffer.wrap(got));
      if (!Arrays.equals(got, 0, bytes, content, 0, bytes)) {
        throw new IOException(name + " has other bytes than were written");
      }
    }
  }
}
