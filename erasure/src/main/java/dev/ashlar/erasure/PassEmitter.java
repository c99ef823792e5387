package dev.ashlar.erasure;

import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * The few vector operations that passes are made of, as bytecode: each method pushes one {@code
 * ByteVector}, or takes the one on top of the stack.
 */
final class PassEmitter {
  private static final ClassDesc BYTES = vectorClass("ByteVector");
  private static final ClassDesc INTS = vectorClass("IntVector");
  private static final ClassDesc VECTOR = vectorClass("Vector");
  private static final ClassDesc SPECIES = vectorClass("VectorSpecies");
  private static final ClassDesc OPERATORS = vectorClass("VectorOperators");
  private static final ClassDesc BINARY = vectorClass("VectorOperators$Binary");
  private static final ClassDesc TERNARY = vectorClass("VectorOperators$Ternary");
  private static final ClassDesc ASSOCIATIVE = vectorClass("VectorOperators$Associative");
  private static final ClassDesc SEGMENT = MemorySegment.class.describeConstable().orElseThrow();
  private static final ClassDesc ORDER = ByteOrder.class.describeConstable().orElseThrow();
  private static final ClassDesc RAW = RawMemory.class.describeConstable().orElseThrow();

  private final CodeBuilder code;
  private final String species;

  PassEmitter(CodeBuilder code, int bits) {
    this.code = code;
    this.species = "SPECIES_" + bits;
  }

  private static ClassDesc vectorClass(String name) {
    return ClassDesc.of("jdk.incubator.vector." + name);
  }

  /** Pushes the vector at the address in {@code base}. */
  void load(int base) {
    pushSpeciesAndMemory();
    code.lload(base);
    fromMemory();
  }

  /**
   * Pushes the vector at the address in {@code base} plus the int {@code index} plus {@code
   * displacement}.
   */
  void load(int base, int index, int displacement) {
    pushSpeciesAndMemory();
    address(base, index, displacement);
    fromMemory();
  }

  private void pushSpeciesAndMemory() {
    code.getstatic(BYTES, species, SPECIES).getstatic(RAW, "ALL", SEGMENT);
  }

  private void address(int base, int index, int displacement) {
    code.lload(base).iload(index).i2l().ladd();
    if (displacement != 0) {
      code.loadConstant((long) displacement).ladd();
    }
  }

  private void fromMemory() {
    littleEndian();
    code.invokestatic(
        BYTES, "fromMemorySegment", MethodTypeDesc.of(BYTES, SPECIES, SEGMENT, CD_long, ORDER));
  }

  private void littleEndian() {
    code.getstatic(ORDER, "LITTLE_ENDIAN", ORDER);
  }

  /** Stores the vector in local {@code value}. */
  void store(int value, int base, int index, int displacement) {
    code.aload(value).getstatic(RAW, "ALL", SEGMENT);
    address(base, index, displacement);
    littleEndian();
    code.invokevirtual(
        BYTES, "intoMemorySegment", MethodTypeDesc.of(CD_void, SEGMENT, CD_long, ORDER));
  }

  /** Pushes a vector of equal bytes. */
  void broadcast(int value) {
    code.getstatic(BYTES, species, SPECIES)
        .loadConstant(value)
        .i2b()
        .invokestatic(BYTES, "broadcast", MethodTypeDesc.of(BYTES, SPECIES, CD_byte));
  }

  /**
   * Pushes the entries of the vector in {@code table} that the bytes in {@code indexes} name,
   * modulo the vector length.
   */
  void lookUp(int indexes, int table) {
    code.aload(indexes)
        .aload(table)
        .invokevirtual(BYTES, "selectFrom", MethodTypeDesc.of(BYTES, VECTOR));
  }

  /** Takes a vector and the one that {@code other} pushes; pushes their exclusive or. */
  void xor(Runnable other) {
    code.getstatic(OPERATORS, "XOR", ASSOCIATIVE);
    other.run();
    code.invokevirtual(BYTES, "lanewise", MethodTypeDesc.of(BYTES, BINARY, VECTOR));
  }

  /** Takes a vector; pushes its bitwise and with the one in local {@code mask}. */
  void and(int mask) {
    code.aload(mask).invokevirtual(BYTES, "and", MethodTypeDesc.of(BYTES, VECTOR));
  }

  /**
   * Pushes the vector in local {@code value}, each group of four bytes shifted right as one int:
   * bits cross into the byte below.
   */
  void shiftRight(int value, int bits) {
    code.aload(value)
        .invokevirtual(BYTES, "reinterpretAsInts", MethodTypeDesc.of(INTS))
        .getstatic(OPERATORS, "LSHR", BINARY)
        .loadConstant(bits)
        .invokevirtual(INTS, "lanewise", MethodTypeDesc.of(INTS, BINARY, CD_int))
        .invokevirtual(INTS, "reinterpretAsBytes", MethodTypeDesc.of(BYTES));
  }

  /**
   * Takes a vector; where {@code mask} has a bit, its bit is replaced by that of the vector {@code
   * other} pushes.
   */
  void blend(Runnable other, int mask) {
    code.getstatic(OPERATORS, "BITWISE_BLEND", TERNARY);
    other.run();
    code.aload(mask)
        .invokevirtual(BYTES, "lanewise", MethodTypeDesc.of(BYTES, TERNARY, VECTOR, VECTOR));
  }
}
