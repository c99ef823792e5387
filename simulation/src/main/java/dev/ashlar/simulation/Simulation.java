package dev.ashlar.simulation;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ClusterStatus;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest.ScanFiles;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One run of one plan. */
final class Simulation {
  private static final long S = 1_000_000_000L;
  private static final long HEALTHY_WITHIN_NS = TimeUnit.MINUTES.toNanos(30);

  private final Plan plan;
  private final Trace trace;
  private final Scheduler scheduler;
  private final Model model = new Model();
  private final Workload.Counts counts = new Workload.Counts();
  private final Cluster cluster;
  private final Auditor auditor;
  private final Workload checks;

  /**
   * @param violation what was broken, null if nothing was
   * @param simulatedNs how much time went by in the simulation
   */
  record Outcome(
      Plan plan,
      @Nullable Throwable violation,
      long hash,
      long events,
      long simulatedNs,
      long writes,
      long reads,
      long failed) {
    String line() {
      return String.format(
          Locale.ROOT,
          "seed %d: hash %016x, %d events in %.1f simulated minutes, %d writes, %d reads, %d errors%s",
          plan.seed(),
          hash,
          events,
          simulatedNs / 60e9,
          writes,
          reads,
          failed,
          violation == null ? "" : ": BROKEN: " + violation.getMessage());
    }
  }

  private Simulation(Plan plan, @Nullable PrintStream out) {
    this.plan = plan;
    trace = new Trace(out);
    scheduler = new Scheduler(trace);
    cluster = new Cluster(plan, scheduler, model, counts);
    auditor = new Auditor(cluster, scheduler);
    checks =
        new Workload(
            "audit", model, plan.policies(), new Random(plan.seed()), new Workload.Counts());
  }

  /**
   * Runs a plan from the beginning to the end, or until something is broken.
   *
   * @param out where each event is told, null for nowhere
   */
  static Outcome run(Plan plan, @Nullable PrintStream out) {
    Simulation s = new Simulation(plan, out);
    Throwable broken = null;
    try (Watchdog _ = new Watchdog(s.scheduler)) {
      s.play();
    } catch (RuntimeException | AssertionError e) {
      broken = e;
    } finally {
      s.end();
    }
    return new Outcome(
        plan,
        broken,
        s.trace.hash(),
        s.trace.events(),
        s.scheduler.nowNs(),
        s.counts.writes,
        s.counts.reads,
        s.counts.failed);
  }

  private void end() {
    cluster.machines().forEach(m -> m.crash(false, -1));
    auditor.end();
    scheduler.drain();
  }

  private void play() {
    cluster.start();
    await("a leader", 120 * S, () -> cluster.leader() != null);
    await(
        "shared files",
        300 * S,
        () ->
            Boolean.TRUE.equals(
                auditor.ask((fs, world) -> checks.makeShared(fs, world, 2), 60 * S)));
    for (int round = 0; round < plan.rounds(); round++) {
      round(round);
    }
    if (plan.catastrophe()) {
      catastrophe();
    }
  }

  private interface Condition {
    boolean holds();
  }

  private void await(String what, long limitNs, Condition condition) {
    long until = scheduler.nowNs() + limitNs;
    while (!condition.holds()) {
      if (scheduler.nowNs() > until) {
        throw new Violation("There is no end to waiting for " + what);
      }
      scheduler.runUntil(scheduler.nowNs() + S / 10);
    }
  }

  private void round(int round) {
    long begun = scheduler.nowNs();
    List<Fault> faults = plan.faults().stream().filter(f -> f.round() == round).toList();
    for (Fault f : faults) {
      scheduler.after(f.atNs(), () -> cluster.strike(f));
    }
    scheduler.runUntil(scheduler.nowNs() + Plan.windowNs() + S);
    for (Fault f : faults) {
      if (f.kind() == Fault.Kind.OUTAGE) {
        scheduler.runUntil(Math.max(scheduler.nowNs(), begun + f.atNs() + f.forNs() + S));
      }
    }
    trace.note(scheduler.nowNs(), "CALM after round " + round);
    cluster.calm();
    boolean replace = faults.stream().anyMatch(f -> f.kind().damage() && f.a() % 2 == 0);
    for (int i = 0; i < 15; i++) {
      cluster.tend(replace);
      scheduler.runUntil(scheduler.nowNs() + 2 * S);
    }
    cluster.loads().forEach(l -> l.rest(true));
    await("the clients", 600 * S, () -> cluster.loads().stream().noneMatch(Workload::busy));
    if (faults.stream().anyMatch(f -> f.kind().damage())) {
      scheduler.runUntil(scheduler.nowNs() + Cluster.SCRUB.toNanos() * 3 / 2);
    }
    becomeWhole(replace);
    var _ = auditor.ask((fs, world) -> checks.readAll(fs, world, true), 600 * S);
    cluster.loads().forEach(l -> l.rest(false));
  }

  /**
   * More disks are lost at once than any policy survives. What is left must be readable, and what
   * is lost must be named.
   */
  private void catastrophe() {
    cluster.loads().forEach(l -> l.rest(true));
    await("the clients", 600 * S, () -> cluster.loads().stream().noneMatch(Workload::busy));
    int most = plan.policies().stream().mapToInt(Policy::m).max().orElse(0) + 1;
    trace.note(scheduler.nowNs(), "CATASTROPHE: " + most + " disks are lost");
    for (ServerMachine s : cluster.servers().subList(0, most)) {
      s.wipe();
    }
    scheduler.runUntil(scheduler.nowNs() + 300 * S);
    ClusterStatus status = auditor.ask((fs, world) -> fs.status(), 60 * S);
    if (status == null) {
      throw new Violation("The masters do not answer after a catastrophe");
    }
    List<String> lost = status.redundancy().lostFiles();
    List<String> bad = auditor.ask((fs, world) -> checks.unreadable(fs, world), 3_600 * S);
    if (bad == null) {
      throw new Violation("What is left after a catastrophe cannot be read in an hour");
    }
    trace.note(scheduler.nowNs(), "lost " + lost + ", unreadable " + bad);
    for (String b : bad) {
      if (!lost.contains(b)) {
        throw new Violation(
            b + " cannot be read and is not among the files named as lost: " + lost);
      }
    }
  }

  /** Waits until masters and disks agree that nothing is missing and nothing is too much. */
  private void becomeWhole(boolean replace) {
    Invariants invariants = new Invariants(cluster);
    long until = scheduler.nowNs() + HEALTHY_WITHIN_NS;
    String fault = "";
    while (fault != null) {
      if (scheduler.nowNs() > until) {
        throw new Violation("The cluster does not become whole again: " + fault);
      }
      scheduler.runUntil(scheduler.nowNs() + 5 * S);
      cluster.tend(replace);
      fault = fault(invariants);
      if (fault != null && trace.verbose()) {
        trace.tell(scheduler.nowNs(), "not whole: " + fault);
      }
    }
  }

  private @Nullable String fault(Invariants invariants) {
    ClusterStatus status = auditor.ask((fs, world) -> fs.status(), 60 * S);
    if (status == null) {
      return "no status";
    }
    ClusterStatus.Redundancy r = status.redundancy();
    if (r.lost() > 0 || r.whole() < r.chunks() || r.missingBlocks() > 0) {
      return r.toString();
    }
    List<MasterReply.FileChunks> files = auditor.ask((fs, world) -> files(fs), 60 * S);
    return files == null ? "no list of files" : invariants.whole(files);
  }

  private static List<MasterReply.FileChunks> files(AshlarFileSystem fs) throws AshlarException {
    List<MasterReply.FileChunks> files = new ArrayList<>();
    for (ScanFiles ask = ScanFiles.all(1_000); ask != null; ) {
      MasterReply.Files page = fs.scanFiles(ask);
      files.addAll(page.files());
      ask = page.next(1_000);
    }
    return files;
  }
}
