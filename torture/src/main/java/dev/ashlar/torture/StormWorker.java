package dev.ashlar.torture;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One client in a directory of its own that puts, overwrites, renames, deletes and reads, and
 * remembers what may be there: exactly one state of a name after an answer, several after an
 * operation whose outcome it was not told. Runs on one thread.
 */
public final class StormWorker extends CheckedClient {
  private static final int NAMES = 12;

  /**
   * What each name may lead to now; empty Optional: nothing. A name not in the map leads nowhere.
   */
  private final Map<String, Set<Optional<Stamped>>> model = new TreeMap<>();

  /** How often each of the names was given up for a new one. */
  private final int[] generation = new int[NAMES];

  /** Which names the operation under way may change. */
  private final Set<Integer> touched = new TreeSet<>();

  private int stamp;

  /** For a cluster that loses no more processes than it tolerates. */
  public StormWorker(String masters, String path, long seed, AtomicLong answered)
      throws AshlarException {
    this(masters, path, seed, answered, false);
  }

  StormWorker(String masters, String path, long seed, AtomicLong answered, boolean anything)
      throws AshlarException {
    super(masters, path, seed, answered, Duration.ofSeconds(45), anything);
  }

  @Override
  void act() throws IOException {
    touched.clear();
    int n = random.nextInt(NAMES);
    switch (random.nextInt(10)) {
      case 0, 1, 2, 3 -> put(change(n));
      case 4 -> delete(change(n));
      case 5, 6 -> {
        int to = random.nextInt(NAMES);
        if (n != to) {
          rename(change(n), change(to));
        }
      }
      default -> read(name(n));
    }
  }

  private String change(int n) {
    touched.add(n);
    return name(n);
  }

  private String name(int n) {
    return "n" + n + "-" + generation[n];
  }

  @Override
  void outcomeUnknown() {
    touched.forEach(n -> generation[n]++);
  }

  private Set<Optional<Stamped>> mayBe(String name) {
    return model.getOrDefault(name, Set.of(Optional.empty()));
  }

  private void put(String name) throws IOException {
    Stamped content = Stamped.random(random, ++stamp);
    Set<Optional<Stamped>> either = new HashSet<>(mayBe(name));
    either.add(Optional.of(content));
    long parent = directory();
    model.put(name, either);
    content.put(files, parent, name);
    model.put(name, Set.of(Optional.of(content)));
  }

  private void delete(String name) throws AshlarException {
    Set<Optional<Stamped>> before = mayBe(name);
    long parent = directory();
    Set<Optional<Stamped>> either = new HashSet<>(before);
    either.add(Optional.empty());
    model.put(name, either);
    boolean found = found(() -> files.unlink(parent, name));
    mustFit(name, before, found);
    model.put(name, Set.of(Optional.empty()));
  }

  private void rename(String from, String to) throws AshlarException {
    Set<Optional<Stamped>> before = mayBe(from);
    Set<Optional<Stamped>> target = mayBe(to);
    long parent = directory();
    Set<Optional<Stamped>> fromEither = new HashSet<>(before);
    fromEither.add(Optional.empty());
    Set<Optional<Stamped>> toEither = new HashSet<>(target);
    before.stream().filter(Optional::isPresent).forEach(toEither::add);
    model.put(from, fromEither);
    model.put(to, toEither);
    boolean found = found(() -> files.rename(parent, from, parent, to, false, false));
    mustFit(from, before, found);
    model.put(from, Set.of(Optional.empty()));
    if (found) {
      Set<Optional<Stamped>> moved = new HashSet<>(before);
      moved.remove(Optional.<Stamped>empty());
      model.put(to, moved);
    } else {
      model.put(to, target);
    }
  }

  private interface Change {
    void run() throws AshlarException;
  }

  private static boolean found(Change change) throws AshlarException {
    try {
      change.run();
      return true;
    } catch (AshlarException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private void mustFit(String name, Set<Optional<Stamped>> before, boolean found) {
    if (before.stream().noneMatch(s -> s.isPresent() == found)) {
      throw new AssertionError(
          path
              + "/"
              + name
              + " was "
              + (found ? "there" : "not there")
              + " but may only be "
              + before);
    }
  }

  private void read(String name) throws IOException {
    Optional<Stamped> seen;
    try {
      Attr attr = files.lookup(directory(), name);
      seen = Optional.of(Stamped.read(files, attr.inode()));
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
      seen = Optional.empty();
    }
    if (!mayBe(name).contains(seen)) {
      throw new AssertionError(
          path + "/" + name + " shows " + seen + " but may only be " + mayBe(name));
    }
    model.put(name, Set.of(seen));
  }

  @Override
  void verifyAll(Unreadable unreadable) throws IOException {
    long parent = directory();
    List<String> listed = new ArrayList<>();
    for (var it = files.list(parent); it.hasNext(); ) {
      MasterReply.Entry entry = it.next();
      listed.add(entry.name());
      verify(
          entry.name(),
          unreadable,
          () -> {
            Stamped seen = Stamped.read(files, entry.attr().inode());
            if (!mayBe(entry.name()).contains(Optional.of(seen))) {
              throw new AssertionError(
                  path
                      + "/"
                      + entry.name()
                      + " shows "
                      + seen
                      + ", not one of "
                      + mayBe(entry.name()));
            }
          });
    }
    model.forEach((name, states) -> {
      if (!listed.contains(name) && !states.contains(Optional.<Stamped>empty())) {
        throw new AssertionError(path + "/" + name + " is lost: it must be one of " + states);
      }
    });
  }
}
