package dev.ashlar.launcher;

import dev.ashlar.cli.Durations;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.Terminal;
import dev.ashlar.cli.command.WaitHealthyCommand;
import dev.ashlar.cli.fsck.ClusterFsck;
import dev.ashlar.cli.fsck.Fsck;
import dev.ashlar.cli.fsck.FsckReport;
import dev.ashlar.cli.remote.ClusterFiles;
import dev.ashlar.cli.remote.Destination;
import dev.ashlar.cli.transfer.Get;
import dev.ashlar.cli.transfer.LocalDestination;
import dev.ashlar.cli.transfer.Put;
import dev.ashlar.cli.transfer.Tasks;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.ClusterStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** The demo's story, step by step. A step that fails ends it. For one thread. */
final class Demo {
  private static final int LOST = 3;
  private static final int PARALLEL = 16;
  private static final long POLL_MS = 100;
  private static final long SHOW_NS = 700_000_000;
  private static final Duration REBUILD_LIMIT = Duration.ofMinutes(3);
  private static final Duration PUT_LIMIT = Duration.ofMinutes(2);

  private final DemoCluster cluster;
  private final Terminal terminal;
  private final long startNs = System.nanoTime();
  private int step;
  private boolean lineOpen;

  Demo(DemoCluster cluster, Terminal terminal) {
    this.cluster = cluster;
    this.terminal = terminal;
  }

  /** What the files should be. */
  private record Truth(DemoFiles files, long bytes, Map<String, String> tree, String big) {
    int count() {
      return tree.size() + 1;
    }
  }

  /** Plays it. @return whether every check held */
  boolean play() throws InterruptedException {
    try {
      say(
          "Ashlar demo in "
              + cluster.dir()
              + ": 3 masters and "
              + DemoCluster.SERVERS
              + " chunk servers, each a process of its own, policy "
              + DemoCluster.POLICY
              + ".");
      say("");
      story();
      say("");
      say(
          "Every check held. "
              + Durations.human(Duration.ofNanos(System.nanoTime() - startNs))
              + " in all. Try it yourself: bin/ashlar up --processes --detach");
      return true;
    } catch (IOException e) {
      say("");
      say("FAILED in step " + step + ": " + dev.ashlar.cli.Program.explain(e));
      if ("1".equals(terminal.variable("ASHLAR_DEBUG"))) {
        e.printStackTrace(terminal.err());
      }
      return false;
    }
  }

  private void story() throws IOException, InterruptedException {
    long t = begin("start the cluster");
    CompletableFuture<Truth> gathering = gather();
    cluster.up();
    Truth truth = await(gathering);
    try (AshlarFileSystem fs = cluster.connect()) {
      end(t, "leader " + fs.status().leader() + ", " + fs.status().servers().size() + " servers");
      store(fs, truth);
      List<String> victims = kill(fs);
      readBack(fs, truth, "read everything back, three servers short", "degraded");
      rebuild(fs, victims);
      failover(fs, truth);
      verify(fs, truth);
    }
  }

  private CompletableFuture<Truth> gather() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            DemoFiles files = DemoFiles.gather(cluster.dir().resolve("source"));
            return new Truth(
                files,
                DemoFiles.bytes(files.tree()) + Files.size(files.big()),
                DemoFiles.digests(files.tree()),
                DemoFiles.sha256(files.big()));
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        },
        task -> Thread.ofPlatform().name("gather").daemon().start(task));
  }

  private static Truth await(CompletableFuture<Truth> gathering) throws IOException {
    try {
      return gathering.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof IOException io
          ? io
          : new IOException(String.valueOf(e.getCause()), e);
    }
  }

  private void store(AshlarFileSystem fs, Truth truth) throws IOException {
    long t = begin("store the JDK's lib/modules and " + truth.tree.size() + " small files");
    fs.mkdirs("/demo", 0755);
    put(fs, List.of(truth.files.big(), truth.files.tree()), "/demo", silentProgress());
    end(
        t,
        Sizes.human(truth.bytes)
            + ", "
            + Sizes.rate(truth.bytes, System.nanoTime() - t)
            + ", all of it synced");
  }

  private Progress silentProgress() {
    return Progress.start("demo", terminal.unwatched());
  }

  private static void put(AshlarFileSystem fs, List<Path> sources, String remote, Progress progress)
      throws IOException {
    List<String> complaints = new ArrayList<>();
    Tasks tasks = new Tasks(PARALLEL, complaints::add);
    ClusterFiles files = new ClusterFiles(fs);
    new Put(files, tasks, PARALLEL, progress, StageOptions.DEFAULT)
        .copy(sources, Destination.of(files, remote), true);
    if (tasks.failures() > 0) {
      throw new FailedException(
          "put: " + complaints.getFirst() + " (" + tasks.failures() + " failures)");
    }
  }

  private List<String> kill(AshlarFileSystem fs) throws IOException {
    List<String> victims =
        fs.status().disks().stream()
            .sorted(Comparator.comparingLong(ClusterStatus.Disk::blocks).reversed())
            .limit(LOST)
            .map(ClusterStatus.Disk::server)
            .sorted()
            .toList();
    long t = begin("kill -9 " + String.join(", ", victims) + " at once");
    for (String victim : victims) {
      cluster.kill(victim);
    }
    end(t, "gone");
    return victims;
  }

  private void readBack(AshlarFileSystem fs, Truth truth, String what, String name)
      throws IOException {
    long t = begin(what);
    Path target = Files.createDirectory(cluster.dir().resolve(name));
    List<String> complaints = new ArrayList<>();
    Tasks tasks = new Tasks(PARALLEL, complaints::add);
    try (Get get = new Get(new ClusterFiles(fs), tasks, silentProgress())) {
      get.copy(
          List.of("/demo/modules", "/demo/tree"), LocalDestination.of(target.toString()), true);
    }
    long took = System.nanoTime() - t;
    if (tasks.failures() > 0) {
      throw new FailedException(
          "get: " + complaints.getFirst() + " (" + tasks.failures() + " failures)");
    }
    if (!DemoFiles.digests(target.resolve("tree")).equals(truth.tree)
        || !DemoFiles.sha256(target.resolve("modules")).equals(truth.big)) {
      throw new FailedException(
          "What was read is not what was stored: compare " + target + " with " + truth.files);
    }
    Trees.delete(target);
    end(t, truth.count() + " files identical (SHA-256), " + Sizes.rate(truth.bytes, took));
  }

  private void rebuild(AshlarFileSystem fs, List<String> victims)
      throws IOException, InterruptedException {
    String lost = victims.getLast();
    ClusterStatus.Disk disk =
        fs.status().disks().stream()
            .filter(d -> d.server().equals(lost))
            .findFirst()
            .orElseThrow(() -> new FailedException("The disk of " + lost + " is not listed"));
    long t =
        begin(
            String.join(", ", victims.subList(0, victims.size() - 1))
                + " come back; "
                + lost
                + "'s disk directory is destroyed");
    Trees.delete(cluster.directory().disk(lost, 1));
    cluster.up();
    end(t, disk.blocks() + " blocks, " + Sizes.human(disk.usedBytes()) + " lost for good");
    t = begin("rebuild");
    ClusterStatus whole = untilWhole(fs, disk, t);
    long took = System.nanoTime() - t;
    ClusterStatus.Rebuild r = whole.rebuild();
    if (disk.blocks() > 0 && r.doneBlocks() == 0) {
      throw new FailedException("The masters say that all is whole, but nothing was rebuilt");
    }
    end(
        t,
        r.doneBlocks()
            + " blocks, "
            + Sizes.human(r.doneBytes())
            + ", "
            + Sizes.rate(r.doneBytes(), took)
            + " with detection; "
            + whole.redundancy().whole()
            + " chunks whole again");
  }

  private ClusterStatus untilWhole(AshlarFileSystem fs, ClusterStatus.Disk lost, long sinceNs)
      throws IOException, InterruptedException {
    long shown = System.nanoTime();
    while (true) {
      long elapsedMs = (System.nanoTime() - sinceNs) / 1_000_000;
      ClusterStatus s = fs.status();
      boolean noticed =
          s.disks().stream().noneMatch(d -> d.id() == lost.id() && d.state().equals("up"));
      String missing = WaitHealthyCommand.missing(s, elapsedMs);
      if (noticed && missing.isEmpty()) {
        return s;
      }
      if (System.nanoTime() - sinceNs > REBUILD_LIMIT.toNanos()) {
        throw new FailedException(
            "Not whole after " + Durations.human(REBUILD_LIMIT) + ": " + missing);
      }
      if (noticed && System.nanoTime() - shown > SHOW_NS) {
        shown = System.nanoTime();
        say("       " + missing);
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
    }
  }

  /** The leader dies in the middle of a put. */
  private void failover(AshlarFileSystem fs, Truth truth) throws IOException, InterruptedException {
    String leader = fs.status().leader();
    long t = begin("kill -9 the leading master, " + leader + ", in the middle of a put");
    long size = Files.size(truth.files.big());
    Progress progress = silentProgress();
    CompletableFuture<Void> put =
        CompletableFuture.runAsync(
            () -> {
              try {
                put(fs, List.of(truth.files.big()), "/demo/again", progress);
              } catch (IOException e) {
                throw new CompletionException(e);
              }
            },
            task -> Thread.ofPlatform().name("put").daemon().start(task));
    while (progress.doneBytes() < size / 3 && !put.isDone()) {
      TimeUnit.MILLISECONDS.sleep(1);
      if (System.nanoTime() - t > PUT_LIMIT.toNanos()) {
        throw new FailedException("The put does not move");
      }
    }
    if (put.isDone()) {
      throw new FailedException("The put was over before the leader could be killed");
    }
    cluster.kill(leader);
    try {
      put.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof IOException io
          ? io
          : new IOException(String.valueOf(e.getCause()), e);
    }
    Attr stored = fs.resolve("/demo/again").attr();
    if (stored.size() != size) {
      throw new FailedException("/demo/again has " + stored.size() + " bytes instead of " + size);
    }
    end(t, "the put succeeded; new leader " + fs.status().leader());
    t = begin(leader + " comes back");
    cluster.up();
    end(t, "3 masters");
  }

  private void verify(AshlarFileSystem fs, Truth truth) throws IOException {
    long t = begin("fsck --verify: every byte on every disk, parity against data");
    try (ClusterFsck blocks = new ClusterFsck(fs)) {
      List<String> told = new ArrayList<>();
      FsckReport report =
          new Fsck(blocks, silentProgress(), p -> told.add(p.path() + " " + p.detail()))
              .run("/", null, true);
      if (!report.clean()) {
        throw new FailedException("fsck found " + report.counts() + ", first: " + told.getFirst());
      }
      end(
          t,
          report.files()
              + " files, "
              + report.chunks()
              + " chunks, "
              + Sizes.human(report.verifiedBytes())
              + " read, clean");
    }
    readBack(fs, truth, "read everything once more", "final");
    t = begin("the file whose put saw the leader die");
    Path again = cluster.dir().resolve("again");
    try (Get get = new Get(new ClusterFiles(fs), new Tasks(1, _ -> {}), silentProgress())) {
      get.copy(List.of("/demo/again"), LocalDestination.of(again.toString()), false);
    }
    if (!Files.exists(again) || !DemoFiles.sha256(again).equals(truth.big)) {
      throw new FailedException("/demo/again is not what was put");
    }
    end(t, "identical (SHA-256)");
  }

  private long begin(String what) {
    step++;
    terminal.out().printf("%3d. %-74s ", step, what);
    terminal.out().flush();
    lineOpen = true;
    return System.nanoTime();
  }

  private void end(long sinceNs, String figures) {
    terminal
        .out()
        .printf(lineOpen ? "%6.1f s%n" : "%86.1f s%n", (System.nanoTime() - sinceNs) / 1e9);
    lineOpen = false;
    say("       " + figures);
  }

  private void say(String line) {
    if (lineOpen) {
      terminal.out().println();
      lineOpen = false;
    }
    terminal.out().println(line);
    terminal.out().flush();
  }
}
