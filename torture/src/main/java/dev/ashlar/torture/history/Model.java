package dev.ashlar.torture.history;

/**
 * A sequential object: what one operation does to a state, and whether an observed result fits.
 *
 * @param <S> state; equals and hashCode must be by value
 * @param <I> input of an operation
 * @param <O> its result
 */
public interface Model<S, I, O> {
  S initial();

  /** State after {@code input}, whatever it answered. */
  S next(S state, I input);

  /** Whether {@code input} in {@code state} may have answered {@code output}. */
  boolean allows(S state, I input, O output);
}
