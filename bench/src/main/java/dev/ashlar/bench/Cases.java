package dev.ashlar.bench;

import dev.ashlar.bench.BenchCluster.Timed;
import dev.ashlar.bench.Parallel.Times;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ClusterStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * The end-to-end cases. Each leaves the cluster as it found it, but for files. Durability and
 * checksums are never switched off.
 */
final class Cases {
  private static final int SMALL_BYTES = 16 << 10;
  private static final double MIB = 1 << 20;
  private static final double GIB = 1 << 30;

  /** As many as a put of a tree has under way. */
  private static final int MANY_THREADS = 128;

  private static final int LIST_SIZE = 500;

  private final Settings settings;
  private final BenchCluster cluster;
  private final Consumer<Result> out;
  private final Path source;

  Cases(Settings settings, BenchCluster cluster, Consumer<Result> out, Path source) {
    this.settings = settings;
    this.cluster = cluster;
    this.out = out;
    this.source = source;
  }

  /** A file of random bytes to put. */
  static void makeSource(Path file, long bytes) throws IOException {
    Random random = new Random(42);
    byte[] block = new byte[1 << 20];
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long done = 0; done < bytes; done += block.length) {
        random.nextBytes(block);
        channel.write(ByteBuffer.wrap(block, 0, (int) Math.min(block.length, bytes - done)));
      }
      channel.force(true);
    }
  }

  private AshlarFileSystem connect() throws IOException {
    return AshlarFileSystem.connect(ClientConfig.of(cluster.address()));
  }

  private Usage clusterUsage() throws IOException {
    return cluster.usage();
  }

  private interface Work {
    void run() throws IOException;
  }

  /** MB/s and CPU of work in this process on the large file. */
  private void large(String name, Work work) throws IOException {
    Usage servers = clusterUsage();
    Usage own = Usage.own();
    long start = System.nanoTime();
    work.run();
    double seconds = (System.nanoTime() - start) / 1e9;
    report(name, seconds, Usage.own().since(own).cpuSeconds(), clusterUsage().since(servers));
  }

  private void largeByCommand(String name, String... arguments) throws IOException {
    Usage servers = clusterUsage();
    Timed timed = cluster.run(arguments);
    report(name, timed.wallSeconds(), timed.cpuSeconds(), clusterUsage().since(servers));
  }

  private void report(String name, double seconds, double clientCpu, Usage servers) {
    double gib = settings.bytes() / GIB;
    out.accept(
        Result.of(name)
            .with("MB/s", settings.bytes() / 1e6 / seconds)
            .with("s", seconds)
            .with("cpu-s/GiB", (clientCpu + servers.cpuSeconds()) / gib)
            .with("client-cpu-s", clientCpu)
            .with("servers-cpu-s", servers.cpuSeconds())
            .with("wire-MiB", servers.wireBytes() / MIB)
            .with("written-MiB", servers.disk().writtenBytes() / MIB)
            .with("flushes", (double) servers.disk().flushes())
            .with("servers-rss-MiB", servers.residentBytes() / MIB));
  }

  void put() throws IOException {
    for (int i = 0; i < settings.repeat(); i++) {
      largeByCommand("put by command", "put", source.toString(), "/big-" + i);
    }
    try (AshlarFileSystem files = connect()) {
      for (int i = 0; i <= settings.repeat(); i++) {
        String name = "warm-" + i;
        large(i == 0 ? "put in process, cold" : "put in process, warm", () -> putOnce(files, name));
        files.unlink(Attr.ROOT, name);
      }
    }
  }

  private void putOnce(AshlarFileSystem files, String name) throws IOException {
    try (FileChannel in = FileChannel.open(source);
        FileWriter writer =
            files.stage(Attr.ROOT, name, StageOptions.DEFAULT.withExpectedSize(settings.bytes()))) {
      writer.transferFrom(in);
      writer.commit();
    }
  }

  /** Puts the large file; answers its name in the root. */
  String needBig() throws IOException {
    String name = "big-0";
    try (AshlarFileSystem files = connect()) {
      putOnce(files, name);
    }
    return name;
  }

  void get() throws IOException {
    needBig();
    for (int i = 0; i < settings.repeat(); i++) {
      dropCaches();
      largeByCommand("get by command, cold", "get", "/big-0", "-");
      largeByCommand("get by command, warm", "get", "/big-0", "-");
    }
    Path target = settings.dir().resolveSibling("ashlar-bench-got");
    largeByCommand("get by command, to a file", "get", "/big-0", target.toString());
    if (Files.mismatch(source, target) >= 0) {
      throw new IOException("What was read is not what was written");
    }
    Files.delete(target);
    getInProcess("get in process", settings.repeat());
  }

  private void getInProcess(String name, int repeat) throws IOException {
    try (AshlarFileSystem files = connect()) {
      for (int i = 0; i <= repeat; i++) {
        large(name + (i == 0 ? ", cold" : ", warm"), () -> getOnce(files, "big-0"));
      }
    }
  }

  private void getOnce(AshlarFileSystem files, String name) throws IOException {
    try (FileReader reader = files.reader(files.lookup(Attr.ROOT, name).inode())) {
      Counting sink = new Counting();
      reader.transferTo(sink);
      if (sink.bytes != settings.bytes()) {
        throw new IOException("Read " + sink.bytes + " of " + settings.bytes() + " bytes");
      }
    }
  }

  /** Takes everything, keeps the count. */
  private static final class Counting implements WritableByteChannel {
    private long bytes;

    @Override
    public int write(ByteBuffer source) {
      int count = source.remaining();
      source.position(source.limit());
      bytes += count;
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private static void dropCaches() {
    try {
      Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "1");
    } catch (IOException e) {
      System.err.println(
          "Page cache not dropped (needs root): cold is warm here"); // an option of the machine,
      // not a fault
    }
  }

  void small() throws IOException {
    byte[] content = new byte[SMALL_BYTES];
    new Random(7).nextBytes(content);
    try (AshlarFileSystem files = connect()) {
      for (int threads : List.of(settings.threads(), 1, settings.threads(), MANY_THREADS)) {
        long dir = files.mkdirs("/small-" + System.nanoTime(), 0755).inode();
        Usage before = clusterUsage();
        Usage own = Usage.own();
        Times puts =
            Parallel.run(threads, settings.files(), i -> putSmall(files, dir, "f" + i, content));
        smallReport("put 16 KiB, " + threads + " threads", puts, own, before);
        for (int round = 0; round < 2; round++) {
          Usage beforeGet = clusterUsage();
          Usage ownGet = Usage.own();
          Times gets =
              Parallel.run(threads, settings.files(), i -> getSmall(files, dir, "f" + i, content));
          smallReport("get 16 KiB, " + threads + " threads", gets, ownGet, beforeGet);
        }
      }
    }
    smallTree(content);
  }

  /** A tree by command: what a person has. */
  private void smallTree(byte[] content) throws IOException {
    Path tree = settings.dir().resolveSibling("ashlar-bench-tree");
    int files = settings.files() * 5;
    for (int i = 0; i < files; i++) {
      Path dir = Files.createDirectories(tree.resolve("d" + i / 100));
      Files.write(dir.resolve("f" + i), content);
    }
    for (String command : List.of("put", "get", "rm")) {
      Usage servers = clusterUsage();
      Timed timed =
          switch (command) {
            case "put" -> cluster.run("put", "-r", tree.toString(), "/tree");
            case "get" -> cluster.run("get", "-r", "/tree", tree + "-got");
            default -> cluster.run("rm", "-r", "/tree");
          };
      double cpu = timed.cpuSeconds() + clusterUsage().since(servers).cpuSeconds();
      out.accept(
          Result.of(command + " -r, " + files + " of 16 KiB")
              .with("per-s", files / timed.wallSeconds())
              .with("s", timed.wallSeconds())
              .with("cpu-ms/file", cpu * 1000 / files));
    }
    deleteTree(tree);
    deleteTree(Path.of(tree + "-got"));
  }

  private static void deleteTree(Path tree) throws IOException {
    List<Path> all;
    try (var walk = Files.walk(tree)) {
      all = walk.toList();
    }
    for (Path p : all.reversed()) {
      Files.delete(p);
    }
  }

  private void smallReport(String name, Times times, Usage own, Usage servers) throws IOException {
    out.accept(each(name, times, "file", own, servers));
  }

  private Result each(String name, Times times, String what, Usage own, Usage servers)
      throws IOException {
    return clusterUsage()
        .since(servers)
        .each(times.into(Result.of(name)), what, times.count(), Usage.own().since(own));
  }

  private static void putSmall(AshlarFileSystem files, long dir, String name, byte[] content)
      throws IOException {
    try (FileWriter writer =
        files.stage(dir, name, StageOptions.DEFAULT.withExpectedSize(content.length))) {
      writer.write(ByteBuffer.wrap(content));
      writer.commit();
    }
  }

  private static void getSmall(AshlarFileSystem files, long dir, String name, byte[] content)
      throws IOException {
    try (FileReader reader = files.reader(files.lookup(dir, name).inode())) {
      byte[] got = new byte[content.length];
      reader.read(0, ByteBuffer.wrap(got));
      if (!Arrays.equals(content, got)) {
        throw new IOException(name + " has other bytes than were written");
      }
    }
  }

  void meta() throws IOException {
    int count = settings.files() * 5;
    try (AshlarFileSystem files = connect()) {
      long dir = files.mkdirs("/meta-" + System.nanoTime(), 0755).inode();
      out.accept(
          names(
              "create empty file",
              count,
              i -> files.release(files.create(dir, "c" + i, 0644, true, ""))));
      out.accept(names("stat by name", count * 5, i -> files.lookup(dir, "c" + i % count)));
      long listed = files.mkdirs("/listed-" + System.nanoTime(), 0755).inode();
      Parallel.run(
          settings.threads(),
          LIST_SIZE,
          i -> files.release(files.create(listed, "l" + i, 0644, true, "")));
      Result lists =
          names("list of " + LIST_SIZE, count / 10, i -> files.readdir(listed, "", LIST_SIZE));
      out.accept(lists.with("entries/s", lists.figure("per-s") * LIST_SIZE));
      out.accept(
          names("rename", count, i -> files.rename(dir, "c" + i, dir, "r" + i, false, false)));
      out.accept(names("delete", count, i -> files.unlink(dir, "r" + i)));
      out.accept(names("mkdir", count, i -> files.mkdir(dir, "d" + i, 0755)));
    }
  }

  private Result names(String name, int count, Parallel.Operation operation) throws IOException {
    Usage servers = clusterUsage();
    Usage own = Usage.own();
    Times times = Parallel.run(settings.threads(), count, operation);
    return each(name, times, "op", own, servers);
  }

  void degraded() throws IOException {
    needBig();
    getInProcess("get, all servers", settings.repeat());
    List<Integer> order = List.of(1, 2, 3);
    for (int lost : order) {
      cluster.kill("server-" + lost);
      getInProcess("get, " + lost + " servers lost", settings.repeat());
      largeByCommand("get by command, " + lost + " lost", "get", "/big-0", "-");
    }
    cluster.up();
    cluster.run("wait-healthy", "--timeout", "120s");
  }

  void rebuild() throws IOException {
    needBig();
    try (AshlarFileSystem files = connect()) {
      ClusterStatus before = files.status();
      ClusterStatus.Disk lost =
          before.disks().stream()
              .filter(d -> d.server().equals("server-1"))
              .findFirst()
              .orElseThrow();
      Usage usage = clusterUsage();
      cluster.kill("server-1");
      cluster.destroyDisk(1);
      long start = System.nanoTime();
      cluster.up();
      List<Double> rates = new ArrayList<>();
      boolean begun = false;
      long first = 0;
      while (true) {
        ClusterStatus now = files.status();
        boolean whole =
            now.redundancy().missingBlocks() == 0
                && now.redundancy().whole() == now.redundancy().chunks();
        if (!begun && !whole) {
          begun = true;
          first = System.nanoTime();
        }
        if (begun && whole && now.rebuild().pendingBlocks() == 0) {
          break;
        }
        rates.add(now.rebuild().bytesPerSecond() / 1e6);
        if (System.nanoTime() - start > 300e9) {
          throw new IOException("Not whole again after 300 s");
        }
        java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
      }
      double seconds = (System.nanoTime() - first) / 1e9;
      out.accept(
          Result.of("rebuild of a lost disk")
              .with("MB/s", lost.usedBytes() / 1e6 / seconds)
              .with("s", seconds)
              .with("from-kill-s", (System.nanoTime() - start) / 1e9)
              .with("lost-MiB", lost.usedBytes() / MIB)
              .with("peak-MB/s", rates.stream().mapToDouble(d -> d).max().orElse(0))
              .with(
                  "cpu-s/GiB",
                  clusterUsage().since(usage).cpuSeconds() / (lost.usedBytes() / GIB)));
    }
  }

  void memory() throws IOException {
    Usage usage = clusterUsage();
    out.accept(
        Result.of("memory of all servers")
            .with("rss-MiB", usage.residentBytes() / MIB)
            .with("pss-MiB", usage.proportionalBytes() / MIB)
            .with("processes", cluster.pids().size()));
  }
}
