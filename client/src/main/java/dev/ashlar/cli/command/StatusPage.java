package dev.ashlar.cli.command;

import dev.ashlar.cli.Durations;
import dev.ashlar.cli.Sizes;
import dev.ashlar.cli.Terminal;
import dev.ashlar.protocol.message.ClusterStatus;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** The cluster's state for people. */
record StatusPage(ClusterStatus s, PrintStream out) {
  void print(boolean groups) {
    out.printf("cluster %x, policy %s: %s%n", s.cluster(), s.policy(), verdict(s));
    masters();
    if (!s.answeredBy().equals(s.leader())) {
      return;
    }
    servers();
    groups(groups);
    redundancy();
    rebuild();
    out.printf(
        "files       %d files, %d directories, %s%n",
        s.files(), s.directories(), Sizes.human(s.dataBytes()));
  }

  /** The one thing to know first. */
  static String verdict(ClusterStatus s) {
    ClusterStatus.Redundancy r = s.redundancy();
    if (s.leader().isEmpty()) {
      return "no leader, nothing can be done until a majority of the masters is there";
    }
    if (!s.answeredBy().equals(s.leader())) {
      return "the leader, "
          + s.leader()
          + ", does not answer; "
          + s.answeredBy()
          + " knows no more than this";
    }
    if (r.lost() > 0) {
      return r.lost() + " chunks cannot be read at present";
    }
    if (r.degraded() > 0) {
      return "all data is readable, "
          + r.degraded()
          + " of "
          + r.chunks()
          + " chunks lack redundancy"
          + (r.critical() > 0 ? ", " + r.critical() + " of them survive no further loss" : "");
    }
    return "healthy";
  }

  private void masters() {
    out.println();
    table(
        List.of("master", "client address", "raft address", "role", "applied"),
        s.masters().stream()
            .map(m ->
                List.of(
                    m.name(),
                    m.clientAddress(),
                    m.raftAddress(),
                    m.leader()
                        ? "leader, term " + s.term()
                        : m.reachable() ? "follower" : "unreachable",
                    m.applied() < 0 ? "-" : "" + m.applied()))
            .toList());
  }

  private void servers() {
    out.println();
    List<List<String>> rows = new ArrayList<>();
    for (ClusterStatus.Server server : sorted(s.servers())) {
      List<ClusterStatus.Disk> disks =
          s.disks().stream().filter(d -> d.server().equals(server.name())).toList();
      String state =
          server.state().equals("up")
              ? "up"
              : server.state()
                  + ", silent "
                  + Durations.human(Duration.ofMillis(server.silentMs()));
      if (disks.isEmpty()) {
        rows.add(
            List.of(server.name(), server.address(), server.domain(), state, "-", "", "", "", ""));
      }
      boolean first = true;
      for (ClusterStatus.Disk d : disks) {
        rows.add(
            List.of(
                first ? server.name() : "",
                first ? server.address() : "",
                first ? server.domain() : "",
                first ? state : "",
                Long.toHexString(d.id()),
                d.state() + (d.error().isEmpty() ? "" : ": " + Terminal.harmless(d.error())),
                Sizes.human(d.usedBytes()),
                Sizes.human(d.freeBytes()),
                d.blocks() + ""));
        first = false;
      }
    }
    table(
        List.of(
            "server", "address", "domain", "state", "disk", "disk state", "used", "free", "blocks"),
        rows);
  }

  /** By name, server-2 before server-10. */
  private static List<ClusterStatus.Server> sorted(List<ClusterStatus.Server> servers) {
    Comparator<ClusterStatus.Server> byStem =
        Comparator.comparing(x -> x.name().replaceAll("\\d+$", ""));
    return servers.stream()
        .sorted(
            byStem
                .thenComparingInt(x -> x.name().length())
                .thenComparing(ClusterStatus.Server::name))
        .toList();
  }

  private void groups(boolean each) {
    out.println();
    long hurt = s.groups().stream().filter(g -> g.missing() > 0).count();
    long crowded = s.groups().stream().filter(g -> g.crowded() > 0).count();
    out.println(
        "groups      "
            + s.groups().size()
            + " placement groups, "
            + (hurt == 0 ? "all complete" : hurt + " with members missing")
            + (crowded == 0 ? "" : ", " + crowded + " crowded (members share a failure domain)"));
    if (each) {
      List<List<String>> rows = new ArrayList<>();
      for (ClusterStatus.Group g : s.groups()) {
        rows.add(
            List.of(
                "" + g.id(),
                g.policy(),
                "" + g.epoch(),
                "" + g.missing(),
                "" + g.crowded(),
                "" + g.chunks(),
                ids(g.disks()),
                ids(g.replacements())));
      }
      table(
          List.of(
              "group", "policy", "epoch", "missing", "crowded", "chunks", "disks", "replacements"),
          rows);
      out.println();
    }
  }

  private static String ids(long[] disks) {
    return Arrays.stream(disks)
        .mapToObj(d -> d == 0 ? "-" : Long.toHexString(d))
        .collect(Collectors.joining(" "));
  }

  private void redundancy() {
    ClusterStatus.Redundancy r = s.redundancy();
    out.printf(
        "redundancy  %d chunks: %d whole, %d degraded (%d critical), %d lost; %d blocks missing%n",
        r.chunks(), r.whole(), r.degraded(), r.critical(), r.lost(), r.missingBlocks());
    r.lostFiles().forEach(f -> out.println("  lost: " + Terminal.harmless(f)));
    if (r.lost() > 0 && r.lostFiles().size() >= 100) {
      out.println("  'bin/ashlar fsck' names them all");
    }
  }

  private void rebuild() {
    ClusterStatus.Rebuild b = s.rebuild();
    if (!b.active() && b.pendingBlocks() == 0 && b.runningBlocks() == 0) {
      out.println(
          "rebuild     nothing to do"
              + (b.doneBlocks() == 0
                  ? ""
                  : " ("
                      + b.doneBlocks()
                      + " blocks, "
                      + Sizes.human(b.doneBytes())
                      + " rebuilt so far)"));
    } else {
      out.println(
          "rebuild     "
              + b.pendingBlocks()
              + " blocks ("
              + Sizes.human(b.pendingBytes())
              + ") to do, "
              + b.runningBlocks()
              + " running, "
              + b.doneBlocks()
              + " done; "
              + Sizes.rate(b.bytesPerSecond())
              + ", "
              + (b.etaMs() < 0
                  ? "time left unknown"
                  : Durations.human(Duration.ofMillis(b.etaMs())) + " left"));
    }
    if (b.pendingDeletions() > 0) {
      out.println(
          "deletions   "
              + b.pendingDeletions()
              + " chunk versions waiting to be removed from disks");
    }
  }

  private void table(List<String> head, List<List<String>> rows) {
    int[] width = new int[head.size()];
    for (int c = 0; c < width.length; c++) {
      width[c] = head.get(c).length();
      for (List<String> row : rows) {
        width[c] = Math.max(width[c], row.get(c).length());
      }
    }
    row(head, width);
    rows.forEach(r -> row(r, width));
  }

  private void row(List<String> cells, int[] width) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < width.length; c++) {
      line.append(cells.get(c)).repeat(' ', width[c] - cells.get(c).length() + 2);
    }
    out.println(line.toString().stripTrailing());
  }
}
