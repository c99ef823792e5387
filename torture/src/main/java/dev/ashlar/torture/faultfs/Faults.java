package dev.ashlar.torture.faultfs;

import dev.ashlar.torture.faultfs.Fault.Action;
import dev.ashlar.torture.faultfs.Fault.Effect;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** The faults that are armed. Thread-safe. */
final class Faults {
  private static final class Armed {
    final Fault fault;
    int left;

    Armed(Fault fault) {
      this.fault = fault;
      this.left = fault.times();
    }
  }

  private final List<Armed> armed = new ArrayList<>();
  private volatile boolean any;
  private volatile boolean full;
  private final Activity activity;

  Faults(Activity activity) {
    this.activity = activity;
  }

  synchronized void add(Fault fault) {
    armed.add(new Armed(fault));
    any = true;
  }

  synchronized void clear() {
    armed.clear();
    any = false;
    full = false;
  }

  void full(boolean now) {
    full = now;
  }

  boolean full() {
    return full;
  }

  private synchronized boolean hits(Action action, Effect effect, String path) {
    for (Armed a : armed) {
      if (a.left > 0
          && a.fault.effect() == effect
          && a.fault.on().contains(action)
          && a.fault.path().test(path)) {
        if (a.left != Fault.FOR_EVER) {
          a.left--;
        }
        activity.fault();
        return true;
      }
    }
    return false;
  }

  /**
   * To be called before a request is carried out, without locks: waits if it is to be slow.
   *
   * @throws Errno if it is to fail
   */
  void before(Action action, Supplier<String> path) {
    if (!any) {
      return;
    }
    String name = path.get();
    if (hits(action, Effect.SLOW, name)) {
      LockSupport.parkNanos(Fault.DELAY.toNanos());
    }
    if (hits(action, Effect.IO_ERROR, name)) {
      throw new Errno(Errno.EIO, "a fault on " + name);
    }
    if (hits(action, Effect.NO_SPACE, name)) {
      throw new Errno(Errno.ENOSPC, "a fault on " + name);
    }
  }

  /** Whether what was read of a file is to have a wrong bit. */
  boolean flips(Supplier<String> path) {
    return any && hits(Action.READ, Effect.FLIP, path.get());
  }
}
