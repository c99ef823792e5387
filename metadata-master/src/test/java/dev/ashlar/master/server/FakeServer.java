package dev.ashlar.master.server;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.MasterReply.Orders;
import dev.ashlar.protocol.message.MasterReply.Task;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.DiskReport;
import dev.ashlar.protocol.message.MasterRequest.DiskState;
import dev.ashlar.protocol.message.MasterRequest.Heartbeat;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A chunk server as the master sees it: one disk, and heartbeats when the test says so. Takes tasks
 * and does nothing.
 */
final class FakeServer {
  private static final long CAPACITY = 1L << 40;

  final String name;
  final long disk;
  final List<Task> tasks = new ArrayList<>();
  final List<TaskResult> results = new ArrayList<>();
  final List<BadBlock> bad = new ArrayList<>();
  final Set<Long> wanted = new HashSet<>();
  long boot = 1;
  long beats;
  boolean lists = true;
  DiskState state = DiskState.UP;

  FakeServer(String name, long disk) {
    this.name = name;
    this.disk = disk;
  }

  String address() {
    return name + ":1";
  }

  Heartbeat heartbeat() {
    List<DiskReport> disks =
        lists
            ? List.of(new DiskReport(disk, "/" + name, state, CAPACITY, 0, CAPACITY, 0, ""))
            : List.of();
    Heartbeat h =
        new Heartbeat(
            name,
            address(),
            "",
            boot,
            disks,
            List.copyOf(results),
            List.copyOf(bad),
            4,
            ++beats,
            tasks.stream().mapToLong(Task::id).toArray());
    results.clear();
    bad.clear();
    return h;
  }

  Orders beat(TestCluster c) throws AshlarException {
    Orders o = (Orders) c.call(heartbeat());
    tasks.addAll(o.tasks());
    Arrays.stream(o.wanted()).forEach(wanted::add);
    return o;
  }

  /** All tasks of one kind end like this. */
  void end(Class<? extends Task> kind, String outcome) {
    tasks.stream()
        .filter(kind::isInstance)
        .forEach(t -> results.add(new TaskResult(t.id(), outcome, 1)));
    tasks.removeIf(kind::isInstance);
  }

  /** All tasks are done. */
  void finishTasks() {
    tasks.forEach(t -> results.add(new TaskResult(t.id(), "", 1)));
    tasks.clear();
  }
}
