package dev.ashlar.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What processes have used so far, by the kernel's own account (/proc of Linux): user and system
 * time, memory in RAM now (resident: with what is shared, proportional: shared pages counted once
 * over all who share them). And what all programs of the machine sent over the loopback network and
 * to the disk: what the kernel counts for a process are pages made dirty, and a page of its cache
 * may be a megabyte.
 *
 * @param processes by pid
 * @param wireBytes with all headers
 * @param disk the block device that the cluster lies on
 */
record Usage(Map<Long, Sample> processes, long wireBytes, Disk disk) {

  private static final double TICKS_PER_SECOND = 100; // USER_HZ, fixed on Linux

  /**
   * What a block device did so far; nothing for a file system in memory.
   *
   * @param flushes of its cache: what syncs cost, of which it does several at once
   */
  record Disk(long writtenBytes, long flushes) {
    private static final Disk NONE = new Disk(0, 0);
    private static final int SECTOR = 512; // of the kernel's count, whatever the device has
    private static final int SECTORS_WRITTEN = 6;
    private static final int FLUSHES = 15;

    /** The one below {@code dir}, by /sys/dev/block (Documentation/block/stat.rst of Linux). */
    private static Disk of(Path dir) {
      try {
        long device = ((Number) Files.getAttribute(dir, "unix:dev")).longValue();
        long major = device >> 8 & 0xfff;
        long minor = device & 0xff | device >> 12 & 0xfff00;
        Path stat = Path.of("/sys/dev/block/" + major + ":" + minor + "/stat");
        if (!Files.exists(stat)) {
          return NONE;
        }
        String[] fields = Files.readString(stat).strip().split(" +", -1);
        return new Disk(
            Long.parseLong(fields[SECTORS_WRITTEN]) * SECTOR,
            fields.length > FLUSHES ? Long.parseLong(fields[FLUSHES]) : 0);
      } catch (IOException | UnsupportedOperationException e) {
        // Not Linux, or no rights: the other figures are worth having without.
        System.err.println("What goes to the disk is not counted: " + e.getMessage());
        return NONE;
      }
    }

    private Disk since(Disk before) {
      return new Disk(writtenBytes - before.writtenBytes, flushes - before.flushes);
    }
  }

  /** Of one process, since it began. */
  private record Sample(double cpuSeconds, long residentBytes, long proportionalBytes) {}

  /**
   * @param dir on the device that is meant
   */
  static Usage of(Collection<Long> pids, Path dir) {
    Map<Long, Sample> processes = new HashMap<>();
    for (long pid : pids) {
      Path proc = Path.of("/proc", Long.toString(pid));
      try {
        String stat = Files.readString(proc.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        processes.put(
            pid,
            new Sample(
                (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND,
                number(Files.readAllLines(proc.resolve("status")), "VmRSS:") << 10,
                number(Files.readAllLines(proc.resolve("smaps_rollup")), "Pss:") << 10));
      } catch (IOException e) {
        // Killed on purpose, or the case failed anyway.
        System.err.println("Process " + pid + " is gone: its usage is not counted");
      }
    }
    return new Usage(processes, loopback(), Disk.of(dir));
  }

  private static long loopback() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/net/dev"))) {
        String[] fields = line.strip().split("[ :]+", 3);
        if (fields[0].equals("lo")) {
          return Long.parseLong(fields[1]);
        }
      }
    } catch (IOException e) {
      System.err.println("What goes over the wire is not counted: " + e.getMessage());
    }
    return 0;
  }

  double cpuSeconds() {
    return processes.values().stream().mapToDouble(Sample::cpuSeconds).sum();
  }

  long residentBytes() {
    return processes.values().stream().mapToLong(Sample::residentBytes).sum();
  }

  long proportionalBytes() {
    return processes.values().stream().mapToLong(Sample::proportionalBytes).sum();
  }

  /** What the processes that are still there used since then. */
  Usage since(Usage before) {
    Map<Long, Sample> used = new HashMap<>();
    processes.forEach((pid, now) -> {
      Sample then = before.processes.getOrDefault(pid, new Sample(0, 0, 0));
      used.put(
          pid,
          new Sample(now.cpuSeconds - then.cpuSeconds, now.residentBytes, now.proportionalBytes));
    });
    return new Usage(used, wireBytes - before.wireBytes, disk.since(before.disk));
  }

  /** Of this process alone. */
  static Usage own() {
    return of(List.of(ProcessHandle.current().pid()), Path.of("."));
  }

  /**
   * Adds what one of many operations took of these processes and of the client's.
   *
   * @param what the operation, for the names of the figures
   */
  Result each(Result r, String what, int count, Usage client) {
    return r.with("cpu-ms/" + what, (cpuSeconds() + client.cpuSeconds()) * 1000 / count)
        .with("wire-KiB/" + what, wireBytes / 1024.0 / count)
        .with("written-KiB/" + what, disk.writtenBytes / 1024.0 / count)
        .with("flushes/" + what, (double) disk.flushes / count);
  }

  private static long number(List<String> lines, String name) {
    for (String line : lines) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).replace("kB", "").strip());
      }
    }
    return 0;
  }
}
