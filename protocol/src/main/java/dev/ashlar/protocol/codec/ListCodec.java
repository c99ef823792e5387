package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.message.DecodeException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A list: count, then the elements. What is read cannot be changed. */
record ListCodec(ValueCodec element) implements ValueCodec {
  @Override
  public void write(@Nullable Object value, RecordOutput out) {
    List<?> list = (List<?>) ValueCodecs.present(value);
    int count = list.size();
    if (count > Limits.ELEMENTS) {
      throw new IllegalArgumentException(
          "A list of "
              + count
              + " elements cannot be encoded, at most "
              + Limits.ELEMENTS
              + ": split it");
    }
    out.writeUnsigned(count);
    for (Object each : list) {
      element.write(each, out);
    }
  }

  @Override
  public Object read(RecordInput in) throws DecodeException {
    int count = in.listCount();
    if (count == 0) {
      return List.of();
    }
    in.descend();
    @Nullable Object[] elements = new @Nullable Object[count];
    for (int i = 0; i < count; i++) {
      if (in.atEnd()) {
        throw in.invalid("a list that is cut off");
      }
      elements[i] = element.read(in);
    }
    in.ascend();
    return Collections.unmodifiableList(Arrays.asList(elements));
  }

  @Override
  public Object missing(RecordInput in) {
    return List.of();
  }
}
