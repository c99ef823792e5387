package dev.ashlar.protocol.codec;

import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.DecodeException;
import org.jspecify.annotations.Nullable;

/** An enum by its ordinal. */
record EnumCodec(Object[] constants) implements ValueCodec {
  @Override
  @SuppressWarnings("EnumOrdinal") // the order of these enums is the format, as each of them says
  public void write(@Nullable Object value, RecordOutput out) {
    out.writeUnsigned(((Enum<?>) ValueCodecs.present(value)).ordinal());
  }

  @Override
  public Object read(RecordInput in) throws DecodeException {
    long ordinal = in.unsigned();
    if (ordinal < 0 || ordinal >= constants.length) {
      throw new DecodeException(
          ErrorCode.UNSUPPORTED_VERSION,
          "Value "
              + Long.toUnsignedString(ordinal)
              + " of "
              + constants[0].getClass().getSimpleName()
              + " is not known here: the other side may be newer, update this one");
    }
    return constants[(int) ordinal];
  }

  @Override
  public Object missing(RecordInput in) {
    return constants[0];
  }
}
