package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Walks a list that a master hands out in pages. For one thread. */
final class PagedIterator<P, E> implements Iterator<E> {
  /** Entries asked for at a time. */
  static final int PAGE = 1_000;

  /** Fetches the page after an element, or the first. */
  @FunctionalInterface
  interface Fetch<P, E> {
    P after(@Nullable E last) throws AshlarException;
  }

  private final Fetch<P, E> fetch;
  private final Function<P, List<E>> elements;
  private final Predicate<P> more;
  private List<E> page = List.of();
  private int next;
  private boolean ended;
  private @Nullable E last;

  PagedIterator(Fetch<P, E> fetch, Function<P, List<E>> elements, Predicate<P> more) {
    this.fetch = fetch;
    this.elements = elements;
    this.more = more;
  }

  @Override
  public boolean hasNext() {
    while (next == page.size() && !ended) {
      try {
        P fetched = fetch.after(last);
        page = elements.apply(fetched);
        ended = !more.test(fetched) || page.isEmpty();
      } catch (AshlarException e) {
        throw new UncheckedIOException(e);
      }
      next = 0;
    }
    return next < page.size();
  }

  @Override
  public E next() {
    if (!hasNext()) {
      throw new NoSuchElementException("No further entries");
    }
    E element = page.get(next++);
    last = element;
    return element;
  }
}
