package dev.ashlar.torture.history;

import org.jspecify.annotations.Nullable;

/**
 * One operation as a client saw it.
 *
 * @param called ns on the one clock of the test, before the request left
 * @param returned ns after the answer came; {@link Long#MAX_VALUE} if none came: it may take effect
 *     at any time, or never
 * @param output null exactly if no answer came
 */
public record Operation<I, O>(int client, I input, @Nullable O output, long called, long returned) {
  public static <I, O> Operation<I, O> unanswered(int client, I input, long called) {
    return new Operation<>(client, input, null, called, Long.MAX_VALUE);
  }
}
