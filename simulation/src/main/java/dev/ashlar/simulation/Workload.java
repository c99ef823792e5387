package dev.ashlar.simulation;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.FileHandle;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.OpenMode;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterReply;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What one client does all day: changes names of its own, appends to files that others append to
 * too, reads what anybody has, and compares all of it with the model.
 */
final class Workload {
  private static final int NAMES = 6;

  private final String owner;
  private final Model model;
  private final List<Policy> policies;
  private final Random random;
  private final Counts counts;
  private final List<NameHistory> own = new ArrayList<>();
  private int generation;
  private boolean resting;
  private boolean busy;

  /** What was done so far, by all clients. */
  static final class Counts {
    long writes;
    long reads;
    long failed;
  }

  Workload(String owner, Model model, List<Policy> policies, Random random, Counts counts) {
    this.owner = owner;
    this.model = model;
    this.policies = policies;
    this.random = random;
    this.counts = counts;
  }

  /** No new operations are begun while this is so. */
  void rest(boolean on) {
    resting = on;
  }

  /** Whether an operation is under way. */
  boolean busy() {
    return busy;
  }

  /** The main thread of one process. */
  void run(AshlarFileSystem fs, SimWorld world) {
    // What an earlier process left open has an outcome that nobody knows.
    own.removeIf(NameHistory::open);
    busy = false;
    Attr root = directory(fs, world);
    while (true) {
      pause(world, 20_000_000L + random.nextInt(700_000_000));
      if (!resting) {
        busy = true;
        step(fs, world, root);
        busy = false;
      }
    }
  }

  private static void pause(SimWorld world, long ns) {
    try {
      world.sleep(ns);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private Attr directory(AshlarFileSystem fs, SimWorld world) {
    while (true) {
      try {
        return fs.mkdirs("/" + owner, 0755);
      } catch (AshlarException e) {
        note(world, "mkdirs", e);
        pause(world, 1_000_000_000);
      }
    }
  }

  private void note(SimWorld world, String what, AshlarException e) {
    counts.failed++;
    trace(world, owner + " " + what + ": " + e.code() + " " + e.getMessage());
  }

  private static void trace(SimWorld world, String what) {
    world.scheduler().trace().note(world.scheduler().nowNs(), what);
  }

  private static long now(SimWorld world) {
    return world.scheduler().nowNs();
  }

  private void step(AshlarFileSystem fs, SimWorld world, Attr dir) {
    int dice = random.nextInt(100);
    if (dice < 10) {
      putSome(fs, world, dir);
    } else if (dice < 30 || own.size() < 2) {
      put(fs, world, dir);
    } else if (dice < 45) {
      append(fs, world, own.get(random.nextInt(own.size())));
    } else if (dice < 50) {
      truncate(fs, world, own.get(random.nextInt(own.size())));
    } else if (dice < 55) {
      unlink(fs, world, dir, own.get(random.nextInt(own.size())));
    } else if (dice < 60) {
      rename(fs, world, dir, own.get(random.nextInt(own.size())));
    } else if (dice < 70) {
      appendShared(fs, world);
    } else {
      List<NameHistory> all = model.names();
      if (random.nextInt(4) == 0 || all.isEmpty()) {
        readShared(fs, world);
      } else {
        read(fs, world, all.get(random.nextInt(all.size())), false);
      }
    }
  }

  private int size(Policy p) {
    int stripe = p.stripeBytes();
    if (p.chunkBytes() < 256 << 10 && random.nextInt(3) == 0) {
      return (int) p.chunkBytes() * (1 + random.nextInt(2)) + random.nextInt(2 * stripe) - stripe;
    }
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> 1 + random.nextInt(100);
      case 2 -> p.cellBytes();
      case 3 -> stripe;
      case 4 -> stripe - 1;
      case 5 -> stripe * (1 + random.nextInt(3));
      default -> random.nextInt(4 * stripe);
    };
  }

  private Policy policy() {
    return policies.get(random.nextInt(policies.size()));
  }

  private static String last(NameHistory n) {
    return n.path().substring(n.path().lastIndexOf('/') + 1);
  }

  private NameHistory fresh() {
    return model.name("/" + owner + "/n" + generation++);
  }

  /** One change of a name and what may have become of it. */
  private interface Change {
    void make() throws AshlarException;
  }

  /** Returns whether the outcome is known. */
  private boolean change(
      SimWorld world, NameHistory n, byte @Nullable [] content, String what, Change change) {
    int version = n.begin(content, now(world));
    try {
      change.make();
      n.done(version, now(world));
      counts.writes++;
      trace(world, owner + " " + what + " " + n.path() + " is version " + version);
      return true;
    } catch (AshlarException e) {
      note(world, what + " " + n.path() + " version " + version, e);
      return !settle(n, version, e);
    }
  }

  /** A failed change: refused for sure, or of unknown outcome, and the name is left alone. */
  private boolean settle(NameHistory n, int version, AshlarException e) {
    if (unknown(e)) {
      own.remove(n);
      return true;
    }
    n.refused(version);
    return false;
  }

  /** As the library says: with any other error nothing was changed. */
  private static boolean unknown(AshlarException e) {
    return e.code() == ErrorCode.TIMEOUT
        || e.code() == ErrorCode.SESSION_EXPIRED
        || e.code() == ErrorCode.INTERNAL;
  }

  private void put(AshlarFileSystem fs, SimWorld world, Attr dir) {
    boolean anew = own.size() < NAMES;
    NameHistory n = anew ? fresh() : own.get(random.nextInt(own.size()));
    Policy p = policy();
    if (anew) {
      own.add(n);
    }
    put(fs, world, dir, n, p, size(p));
  }

  /** Several small files at the same time, which may share a pack. */
  private void putSome(AshlarFileSystem fs, SimWorld world, Attr dir) {
    List<NameHistory> names = new ArrayList<>(own);
    while (own.size() < NAMES) {
      NameHistory n = fresh();
      own.add(n);
      names.add(n);
    }
    Collections.shuffle(names, random);
    Policy p = policy();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (NameHistory n : names.subList(0, 2 + random.nextInt(3))) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      all.add(done);
      int bytes = random.nextInt(6) == 0 ? 0 : random.nextInt(20_000);
      world.startLight(
          "put",
          () -> {
            put(fs, world, dir, n, p, bytes);
            done.complete(null);
          });
    }
    for (CompletableFuture<Void> done : all) {
      try {
        world.await(done, Long.MAX_VALUE);
      } catch (InterruptedException | ExecutionException | TimeoutException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private void put(
      AshlarFileSystem fs, SimWorld world, Attr dir, NameHistory n, Policy p, int bytes) {
    byte[] content = Content.of(model.stamp(), bytes);
    var _ =
        change(
            world,
            n,
            content,
            "put " + p + " " + content.length,
            () -> {
              StageOptions options = StageOptions.DEFAULT.withPolicy(p.toString());
              if (random.nextBoolean()) {
                options = options.withExpectedSize(content.length);
              }
              try (FileWriter w = fs.stage(dir.inode(), last(n), options)) {
                for (int at = 0; at < content.length; ) {
                  int part = Math.min(content.length - at, 1 + random.nextInt(80_000));
                  w.write(ByteBuffer.wrap(content, at, part));
                  at += part;
                  if (random.nextInt(32) == 0) {
                    pause(world, random.nextInt(20) * 1_000_000_000L);
                  }
                }
                w.commit();
              } catch (AshlarException e) {
                if (e.code() == ErrorCode.NOT_FOUND) {
                  throw new Violation(
                      "A put says that it misses what it made: " + e.getMessage(), e);
                }
                throw e;
              }
            });
  }

  private long inode(AshlarFileSystem fs, String path) throws AshlarException {
    return fs.resolve(path).attr().inode();
  }

  private void append(AshlarFileSystem fs, SimWorld world, NameHistory n) {
    byte[] before = n.acknowledged();
    if (before == null || before.length > 300_000) {
      return;
    }
    byte[] piece = Content.of(model.stamp(), 1 + random.nextInt(60_000));
    int version = n.begin(Content.join(before, piece), now(world));
    FileHandle h;
    try {
      h = fs.open(inode(fs, n.path()), OpenMode.WRITE);
    } catch (AshlarException e) {
      note(world, "open " + n.path(), e);
      n.refused(version);
      return;
    }
    try {
      if (h.size() != before.length) {
        throw new Violation(
            n.path() + " has " + h.size() + " bytes under a new lease, not " + before.length);
      }
      fs.append(h, ByteBuffer.wrap(piece));
      fs.release(h);
      n.done(version, now(world));
      counts.writes++;
      trace(world, owner + " append " + n.path() + " is version " + version);
    } catch (AshlarException e) {
      note(world, "append " + n.path() + " version " + version, e);
      own.remove(n);
      release(fs, h);
    }
  }

  /** Of a handle that failed before: what that does is not known. */
  private static void release(AshlarFileSystem fs, FileHandle h) {
    try {
      fs.release(h);
    } catch (AshlarException e) {
      // the lease runs out
    }
  }

  private void truncate(AshlarFileSystem fs, SimWorld world, NameHistory n) {
    byte[] before = n.acknowledged();
    if (before == null) {
      return;
    }
    int length = random.nextInt(before.length + 20_000);
    long inode;
    try {
      inode = inode(fs, n.path());
    } catch (AshlarException e) {
      note(world, "resolve " + n.path(), e);
      return;
    }
    var _ =
        change(
            world,
            n,
            java.util.Arrays.copyOf(before, length),
            "truncate to " + length,
            () -> fs.truncate(inode, length));
  }

  private void unlink(AshlarFileSystem fs, SimWorld world, Attr dir, NameHistory n) {
    if (n.acknowledged() != null
        && change(world, n, null, "unlink", () -> fs.unlink(dir.inode(), last(n)))
        && n.acknowledged() == null) {
      own.remove(n);
    }
  }

  private void rename(AshlarFileSystem fs, SimWorld world, Attr dir, NameHistory n) {
    byte[] content = n.acknowledged();
    if (content == null) {
      return;
    }
    NameHistory other = own.get(random.nextInt(own.size()));
    NameHistory to = other == n || random.nextBoolean() ? fresh() : other;
    int gone = n.begin(null, now(world));
    int there = to.begin(content, now(world));
    try {
      fs.rename(dir.inode(), last(n), dir.inode(), last(to), true, false);
      n.done(gone, now(world));
      to.done(there, now(world));
      own.remove(n);
      own.remove(to);
      own.add(to);
      counts.writes++;
      trace(world, owner + " rename " + n.path() + " " + to.path());
    } catch (AshlarException e) {
      note(world, "rename " + n.path(), e);
      if (settle(n, gone, e)) {
        own.remove(to);
      } else {
        to.refused(there);
      }
    }
  }

  private @Nullable SharedHistory shared() {
    List<SharedHistory> all = model.shared();
    return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
  }

  private void appendShared(AshlarFileSystem fs, SimWorld world) {
    SharedHistory s = shared();
    if (s == null) {
      return;
    }
    FileHandle h;
    try {
      h = fs.open(inode(fs, s.path()), OpenMode.WRITE);
    } catch (AshlarException e) {
      note(world, "open " + s.path(), e);
      return;
    }
    if (h.size() > 200_000) {
      release(fs, h);
      return;
    }
    byte[] piece = s.piece(model.stamp(), random.nextInt(20_000));
    try {
      fs.append(h, ByteBuffer.wrap(piece));
      if (random.nextInt(4) == 0) {
        pause(world, random.nextInt(20) * 1_000_000_000L);
      }
      var _ = fs.fsync(h);
      s.done(piece, now(world));
      counts.writes++;
      trace(world, owner + " appended to " + s.path());
    } catch (AshlarException e) {
      note(world, "append " + s.path(), e);
    }
    release(fs, h);
  }

  private void readShared(AshlarFileSystem fs, SimWorld world) {
    SharedHistory s = shared();
    if (s == null) {
      return;
    }
    long from = now(world);
    try {
      byte[] content = all(fs, world, inode(fs, s.path()));
      s.read(content, from, now(world), owner);
      counts.reads++;
    } catch (AshlarException e) {
      note(world, "read " + s.path(), e);
    }
  }

  /**
   * Reads a name and compares it with the model.
   *
   * @param must whether it must be readable
   * @return whether it could be read
   */
  boolean read(AshlarFileSystem fs, SimWorld world, NameHistory n, boolean must) {
    long from = now(world);
    MasterReply.Resolved found;
    try {
      found = fs.resolve(n.path());
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        n.read(null, from, now(world), owner);
        counts.reads++;
        return true;
      }
      return failed(world, n, e, must);
    }
    try {
      byte[] content = all(fs, world, found.attr().inode());
      n.read(content, from, now(world), owner);
      counts.reads++;
      return true;
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return false; // replaced or removed between the two questions
      }
      return failed(world, n, e, must);
    }
  }

  private boolean failed(SimWorld world, NameHistory n, AshlarException e, boolean must) {
    note(world, "read " + n.path(), e);
    if (must) {
      throw new Violation(
          n.path() + " cannot be read though all is well: " + e.code() + " " + e.getMessage(), e);
    }
    return false;
  }

  private byte[] all(AshlarFileSystem fs, SimWorld world, long inode) throws AshlarException {
    try (FileReader r = fs.reader(inode)) {
      ByteBuffer into = ByteBuffer.allocate((int) r.size());
      int part = 1 + random.nextInt(100_000);
      int pauses = !resting && random.nextInt(16) == 0 ? 3 : 0;
      while (into.hasRemaining()) {
        ByteBuffer some = into.slice(into.position(), Math.min(part, into.remaining()));
        int n = r.read(into.position(), some);
        if (n < 0) {
          throw new Violation("A file of " + r.size() + " bytes ends at " + into.position());
        }
        into.position(into.position() + n);
        if (pauses-- > 0) {
          pause(world, random.nextInt(8) * 1_000_000_000L); // others replace the file meanwhile
        }
      }
      return into.array();
    }
  }

  /** Reads everything that anybody has. Returns how much cannot be read at present. */
  int readAll(AshlarFileSystem fs, SimWorld world, boolean must) {
    int bad = 0;
    for (NameHistory n : model.names()) {
      bad += read(fs, world, n, must) ? 0 : 1;
    }
    for (SharedHistory s : model.shared()) {
      long from = now(world);
      try {
        s.read(all(fs, world, inode(fs, s.path())), from, now(world), owner);
      } catch (AshlarException e) {
        bad++;
        if (must) {
          throw new Violation(
              s.path() + " cannot be read though all is well: " + e.getMessage(), e);
        }
      }
    }
    return bad;
  }

  /** Names of files that are there and cannot be read. */
  List<String> unreadable(AshlarFileSystem fs, SimWorld world) {
    List<String> bad = new ArrayList<>();
    for (NameHistory n : model.names()) {
      if (!read(fs, world, n, false)) {
        bad.add(n.path());
      }
    }
    for (SharedHistory s : model.shared()) {
      long from = now(world);
      try {
        s.read(all(fs, world, inode(fs, s.path())), from, now(world), owner);
      } catch (AshlarException e) {
        bad.add(s.path());
      }
    }
    return bad;
  }

  /** Makes the files that are shared. Returns whether all are there. */
  boolean makeShared(AshlarFileSystem fs, SimWorld world, int count) {
    try {
      for (int i = model.shared().size(); i < count; i++) {
        String name = "shared" + i;
        fs.release(fs.create(Attr.ROOT, name, 0644, false, policy().toString()));
        model.shared().add(new SharedHistory("/" + name));
      }
      return true;
    } catch (AshlarException e) {
      note(world, "create", e);
      return false;
    }
  }
}
