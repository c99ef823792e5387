package dev.ashlar.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/**
 * What processes have used so far, by the kernel's own account (/proc of Linux).
 *
 * @param cpuSeconds user and system time
 * @param writtenBytes sent to the disk
 * @param residentBytes memory in RAM now
 */
record Usage(double cpuSeconds, long writtenBytes, long residentBytes) {
  private static final double TICKS_PER_SECOND = 100; // USER_HZ, fixed on Linux

  static Usage of(Collection<Long> pids) {
    double cpu = 0;
    long written = 0;
    long resident = 0;
    for (long pid : pids) {
      Path proc = Path.of("/proc", Long.toString(pid));
      try {
        String stat = Files.readString(proc.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        cpu += (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
        written += number(Files.readAllLines(proc.resolve("io")), "write_bytes:");
        resident += number(Files.readAllLines(proc.resolve("status")), "VmRSS:") << 10;
      } catch (IOException e) {
        System.err.println(
            "Process "
                + pid
                + " is gone: its usage is not counted"); // killed on purpose, or the case failed
        // anyway
      }
    }
    return new Usage(cpu, written, resident);
  }

  Usage since(Usage before) {
    return new Usage(
        cpuSeconds - before.cpuSeconds, writtenBytes - before.writtenBytes, residentBytes);
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
