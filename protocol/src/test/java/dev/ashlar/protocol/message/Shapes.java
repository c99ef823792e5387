package dev.ashlar.protocol.message;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records as a program of an earlier or a later version would have them, and some with every kind
 * of component.
 */
final class Shapes {
  private Shapes() {}

  record Old(long id, String name) {}

  /** {@link Old}, years later. */
  record New(
      long id,
      String name,
      boolean flag,
      int number,
      long large,
      String text,
      byte[] bytes,
      int[] ints,
      long[] longs,
      FileType type,
      Inner inner,
      List<Inner> list,
      @Nullable String maybe,
      @Nullable Choice choice) {}

  record Inner(long a, String b) {}

  record OldOuter(Old inner, List<Old> list, long last) {}

  record NewOuter(New inner, List<New> list, long last) {}

  sealed interface Choice {}

  @Tag(1)
  record One(long value) implements Choice {}

  @Tag(7)
  record Seven() implements Choice {}

  /** {@link Choice} in a later version. */
  sealed interface LaterChoice {}

  @Tag(1)
  record LaterOne(long value) implements LaterChoice {}

  @Tag(8)
  record Eight() implements LaterChoice {}

  record HasChoice(long id, Choice choice) {}

  record Tree(List<Tree> children) {}

  record Chain(@Nullable Chain next) {}

  record Picky(int value) {
    Picky {
      if (value != 3) {
        throw new IllegalArgumentException("only 3, not " + value);
      }
    }
  }

  record AllNullable(
      @Nullable String text,
      byte @Nullable [] bytes,
      int @Nullable [] ints,
      @Nullable FileType type,
      @Nullable Inner inner,
      List<@Nullable String> texts,
      List<Long> longs) {}

  record Empty() {}

  record NoEncoding(double value) {}

  sealed interface TwiceTagged {}

  @Tag(4)
  record First() implements TwiceTagged {}

  @Tag(4)
  record Second() implements TwiceTagged {}

  record Untagged() {}
}
