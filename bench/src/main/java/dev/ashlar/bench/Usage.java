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
 * time, bytes sent to the disk, memory in RAM now (resident: with what is shared, proportional:
 * shared pages counted once over all who share them).
 *
 * @param processes by pid
 */
record Usage(Map<Long, Sample> processes) {
  private static final double TICKS_PER_SECOND = 100; // USER_HZ, fixed on Linux

  /** Of one process, since it began. */
  private record Sample(
      double cpuSeconds, long writtenBytes, long residentBytes, long proportionalBytes) {}

  static Usage of(Collection<Long> pids) {
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
                number(Files.readAllLines(proc.resolve("io")), "write_bytes:"),
                number(Files.readAllLines(proc.resolve("status")), "VmRSS:") << 10,
                number(Files.readAllLines(proc.resolve("smaps_rollup")), "Pss:") << 10));
      } catch (IOException e) {
        // Killed on purpose, or the case failed anyway.
        System.err.println("Process " + pid + " is gone: its usage is not counted");
      }
    }
    return new Usage(processes);
  }

  double cpuSeconds() {
    return processes.values().stream().mapToDouble(Sample::cpuSeconds).sum();
  }

  long writtenBytes() {
    return processes.values().stream().mapToLong(Sample::writtenBytes).sum();
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
      Sample then = before.processes.getOrDefault(pid, new Sample(0, 0, 0, 0));
      used.put(
          pid,
          new Sample(
              now.cpuSeconds - then.cpuSeconds,
              now.writtenBytes - then.writtenBytes,
              now.residentBytes,
              now.proportionalBytes));
    });
    return new Usage(used);
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
