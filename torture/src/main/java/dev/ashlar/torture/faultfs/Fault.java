package dev.ashlar.torture.faultfs;

import java.time.Duration;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Something that goes wrong with requests to a file system.
 *
 * @param on the kinds of requests that it hits
 * @param path says which files: their paths relative to the root of the file system
 * @param times how many requests it hits; then it is over
 */
public record Fault(Set<Action> on, Predicate<String> path, Effect effect, int times) {
  /** No end before {@link FaultFs#heal}. */
  public static final int FOR_EVER = Integer.MAX_VALUE;

  /** What is asked of a file system. */
  public enum Action {
    READ,
    WRITE,
    SYNC,
    /** Set space aside, or give it back. */
    ALLOCATE,
    /** Make, rename or remove a name. */
    NAME
  }

  /** What happens instead, or besides. */
  public enum Effect {
    /** EIO. On a sync the pages that it should have written are lost, and no later sync says so. */
    IO_ERROR,
    /** ENOSPC. */
    NO_SPACE,
    /** One bit of what is read is another; the media are as they were. */
    FLIP,
    /** It takes {@link #DELAY} longer. */
    SLOW
  }

  /** How much longer a slow request takes. */
  public static final Duration DELAY = Duration.ofMillis(200);

  /** Keeps a copy of the set. */
  public Fault {
    on = Set.copyOf(on);
  }

  /** An error on every request of a kind, whatever the file, until healed. */
  public static Fault errors(Action on) {
    return new Fault(Set.of(on), _ -> true, Effect.IO_ERROR, FOR_EVER);
  }

  /** The same fault for some files only. */
  public Fault at(Predicate<String> files) {
    return new Fault(on, files, effect, times);
  }

  /** The same fault for the next requests only. */
  public Fault times(int count) {
    return new Fault(on, path, effect, count);
  }
}
