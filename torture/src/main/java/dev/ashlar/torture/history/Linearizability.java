package dev.ashlar.torture.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Is there one order of all operations, respecting real time, that the model explains? Depth-first
 * search for it, remembering every (set of operations done, state) already found to lead nowhere:
 * Wing and Gong 1993 with the memory of Lowe 2017.
 */
public final class Linearizability {
  private Linearizability() {}

  /**
   * Empty if such an order exists; else a sentence about the longest prefix that could be
   * explained.
   */
  public static <S, I, O> Optional<String> violation(
      Model<S, I, O> model, List<Operation<I, O>> history) {
    return new Search<>(model, history).run();
  }

  private record Visited<S>(BitSet done, S state) {}

  /** Where the search stands: the operation taken last, to be undone on the way back. */
  private record Step<S>(int operation, S before) {}

  private static final class Search<S, I, O> {
    private final Model<S, I, O> model;
    private final List<Operation<I, O>> ops;
    private final BitSet done = new BitSet();
    private final Set<Visited<S>> visited = new HashSet<>();
    private final Deque<Step<S>> path = new ArrayDeque<>();
    private final int answered;
    private int answeredDone;
    private List<Integer> longest = List.of();
    private S state;

    Search(Model<S, I, O> model, List<Operation<I, O>> history) {
      this.model = model;
      ops = new ArrayList<>(history);
      ops.sort(Comparator.comparingLong(Operation::called));
      answered = (int) ops.stream().filter(o -> o.output() != null).count();
      state = model.initial();
    }

    Optional<String> run() {
      int from = 0;
      while (answeredDone < answered) {
        int candidate = nextCandidate(from);
        if (candidate >= 0) {
          take(candidate);
          from = 0;
        } else if (path.isEmpty()) {
          return Optional.of(describe());
        } else {
          from = undo() + 1;
        }
      }
      return Optional.empty();
    }

    /**
     * First operation at or after {@code from} that may come next: nothing undone returned before
     * it was called, its answer fits, and the place is new.
     */
    private int nextCandidate(int from) {
      long earliestReturn = Long.MAX_VALUE;
      for (int i = done.nextClearBit(0); i < ops.size(); i = done.nextClearBit(i + 1)) {
        if (ops.get(i).called() > earliestReturn) {
          break;
        }
        earliestReturn = Math.min(earliestReturn, ops.get(i).returned());
      }
      for (int i = done.nextClearBit(from);
          i < ops.size() && ops.get(i).called() <= earliestReturn;
          i = done.nextClearBit(i + 1)) {
        if (fits(ops.get(i)) && isNew(i)) {
          return i;
        }
      }
      return -1;
    }

    private boolean fits(Operation<I, O> op) {
      @Nullable O output = op.output();
      return output == null || model.allows(state, op.input(), output);
    }

    private boolean isNew(int i) {
      BitSet after = (BitSet) done.clone();
      after.set(i);
      return visited.add(new Visited<>(after, model.next(state, ops.get(i).input())));
    }

    private void take(int i) {
      path.push(new Step<>(i, state));
      state = model.next(state, ops.get(i).input());
      done.set(i);
      if (ops.get(i).output() != null) {
        answeredDone++;
      }
      if (path.size() > longest.size()) {
        List<Integer> order = new ArrayList<>();
        path.descendingIterator().forEachRemaining(s -> order.add(s.operation()));
        longest = order;
      }
    }

    private int undo() {
      Step<S> step = path.pop();
      state = step.before();
      done.clear(step.operation());
      if (ops.get(step.operation()).output() != null) {
        answeredDone--;
      }
      return step.operation();
    }

    private String describe() {
      StringBuilder text =
          new StringBuilder(
              "No order explains this history of "
                  + ops.size()
                  + " operations. Longest order found:\n");
      S s = model.initial();
      for (int i : longest.subList(Math.max(0, longest.size() - 20), longest.size())) {
        text.append("  ").append(ops.get(i)).append('\n');
      }
      for (int i : longest) {
        s = model.next(s, ops.get(i).input());
      }
      text.append("then state ").append(s).append(" and none of these fits:\n");
      Set<Integer> used = new HashSet<>(longest);
      for (int i = 0, shown = 0; i < ops.size() && shown < 10; i++) {
        if (!used.contains(i)) {
          text.append("  ").append(ops.get(i)).append('\n');
          shown++;
        }
      }
      return text.toString();
    }
  }
}
