package dev.ashlar.bench;

import dev.ashlar.bench.Parallel.Times;
import dev.ashlar.chunkserver.store.DirectOption;
import dev.ashlar.protocol.Policy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What this machine takes for the parts that no store of this kind can leave out: reading a file,
 * checksums, bytes over the loopback network, bytes to the disk, a sync. Their sums bound what a
 * put or a get can cost here, whoever wrote the program; encoding adds little to them.
 */
final class MachineCase {
  private static final int PIECE = 1 << 20;
  private static final int CELL = 64 << 10;
  private static final int ALIGNMENT = 4096;
  private static final int SYNCS = 1000;
  private static final double GIB = 1 << 30;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Settings settings;
  private final Consumer<Result> out;
  private final Policy policy;

  MachineCase(Settings settings, Consumer<Result> out) {
    this.settings = settings;
    this.out = out;
    policy = Policy.parse(settings.policy());
  }

  /**
   * @param source a file of the large size
   */
  void run(Path source) throws IOException {
    reads(source); // so that it is cached
    double read = cost("read a cached file", () -> reads(source));
    double crc = cost("CRC32C of cells in the cache", this::checksums);
    double buffers = cost("loopback, from buffers", () -> loopback(null));
    double sendfile = cost("loopback, from a cached file", () -> loopback(source));
    Path file = Files.createTempFile(settings.dir(), "machine", "");
    try {
      double write = cost("write past the page cache", () -> writes(file));
      double stored = (double) policy.width() / policy.k();
      bound("a put costs at least", read + stored * (2 * crc + buffers + write));
      bound("a get costs at least", sendfile + crc);
    } finally {
      Files.delete(file);
    }
    syncs(1);
    syncs(policy.width());
  }

  private interface Work {
    void run() throws IOException;
  }

  /** CPU seconds a GiB. */
  private double cost(String name, Work work) throws IOException {
    Usage before = Usage.own();
    long start = System.nanoTime();
    work.run();
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpu = Usage.own().since(before).cpuSeconds() / (settings.bytes() / GIB);
    out.accept(
        Result.of(name).with("MB/s", settings.bytes() / 1e6 / seconds).with("cpu-s/GiB", cpu));
    return cpu;
  }

  private void bound(String name, double cpu) {
    int cores = Runtime.getRuntime().availableProcessors();
    out.accept(
        Result.of(name).with("cpu-s/GiB", cpu).with("MB/s at most", GIB / 1e6 / cpu * cores));
  }

  private static void reads(Path source) throws IOException {
    ByteBuffer into = ByteBuffer.allocateDirect(PIECE);
    try (FileChannel channel = FileChannel.open(source)) {
      while (channel.read(into.clear()) >= 0) {}
    }
  }

  private void checksums() {
    ByteBuffer cell = ByteBuffer.allocateDirect(CELL);
    CRC32C crc = new CRC32C();
    for (long done = 0; done < settings.bytes(); done += CELL) {
      crc.update(cell.clear());
    }
  }

  /**
   * @param file what is sent, or null for a buffer again and again
   */
  private void loopback(@Nullable Path file) throws IOException {
    AtomicReference<@Nullable IOException> failed = new AtomicReference<>();
    try (ServerSocketChannel listening = ServerSocketChannel.open()) {
      listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      Thread receiver =
          Thread.ofPlatform()
              .name("machine-receiver")
              .daemon()
              .start(() -> {
                ByteBuffer into = ByteBuffer.allocateDirect(CELL);
                try (SocketChannel from = listening.accept()) {
                  while (from.read(into.clear()) >= 0) {}
                } catch (IOException e) {
                  failed.set(e);
                }
              });
      try (SocketChannel to = SocketChannel.open(listening.getLocalAddress())) {
        send(file, to);
      }
      if (!receiver.join(PATIENCE)) {
        throw new IOException("The end of what was sent over loopback did not come");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    }
    IOException e = failed.get();
    if (e != null) {
      throw e;
    }
  }

  private void send(@Nullable Path file, SocketChannel to) throws IOException {
    if (file == null) {
      ByteBuffer from = ByteBuffer.allocateDirect(PIECE);
      for (long done = 0; done < settings.bytes(); done += PIECE) {
        from.clear();
        while (from.hasRemaining()) {
          to.write(from);
        }
      }
    } else {
      try (FileChannel from = FileChannel.open(file)) {
        for (long done = 0; done < settings.bytes(); ) {
          done += from.transferTo(done, PIECE, to);
        }
      }
    }
  }

  private void writes(Path file) throws IOException {
    ByteBuffer from =
        ByteBuffer.allocateDirect(PIECE + ALIGNMENT).alignedSlice(ALIGNMENT).slice(0, PIECE);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, DirectOption.get())) {
      for (long done = 0; done < settings.bytes(); ) {
        done += channel.write(from.clear());
      }
      channel.force(false);
    }
  }

  /** Threads append a page and sync it, to as many files in turn. */
  private void syncs(int threads) throws IOException {
    List<Path> paths = new ArrayList<>();
    List<FileChannel> files = new ArrayList<>();
    try {
      for (int i = 0; i < threads; i++) {
        Path path = Files.createTempFile(settings.dir(), "machine", "");
        paths.add(path);
        files.add(FileChannel.open(path, StandardOpenOption.WRITE));
      }
      Usage before = Usage.of(List.of(), settings.dir());
      Times times =
          Parallel.run(
              threads,
              SYNCS,
              i -> {
                FileChannel file = files.get(i % threads);
                file.write(ByteBuffer.allocate(ALIGNMENT), (long) i / threads * ALIGNMENT);
                file.force(false);
              });
      Usage used = Usage.of(List.of(), settings.dir()).since(before);
      out.accept(
          times
              .into(Result.of("append 4 KiB and sync, " + threads + " at a time"))
              .with("flushes/sync", (double) used.disk().flushes() / SYNCS));
    } finally {
      for (FileChannel file : files) {
        file.close();
      }
      for (Path path : paths) {
        Files.delete(path);
      }
    }
  }
}
