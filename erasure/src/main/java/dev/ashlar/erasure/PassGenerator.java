package dev.ashlar.erasure;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Generates the passes of a vector kernel as hidden classes, one per {@link Shape}.
 *
 * <p>Generated, because C2 gives full speed only to flat code: every look-up of a pass written out,
 * all tables in registers, no helper method and no inner loop (a helper that is not inlined boxes
 * every vector, which costs a factor of 300). A hundred and more such methods, for four schemes,
 * come from this one description.
 *
 * <p>A pass is: load all tables; for each step of the loop and each vector of it, load the sources,
 * derive the indexes, and per target exclusive-or the look-ups and store.
 */
final class PassGenerator {
  private static final ClassDesc NAME = ClassDesc.of("dev.ashlar.erasure.GeneratedPass");
  private static final ClassDesc LONGS = CD_long.arrayType();
  private static final MethodTypeDesc RUN =
      MethodTypeDesc.of(CD_void, LONGS, CD_int, LONGS, CD_int, CD_long, CD_int, CD_long);

  private static final int SOURCES = 1;
  private static final int FIRST_SOURCE = 2;
  private static final int TARGETS = 3;
  private static final int FIRST_TARGET = 4;
  private static final int OFFSET = 5;
  private static final int BYTES = 7;
  private static final int TABLES = 8;

  private final Scheme scheme;
  private final Shape shape;
  private final CodeBuilder code;
  private final PassEmitter vector;

  private PassGenerator(Scheme scheme, Shape shape, CodeBuilder code) {
    this.scheme = scheme;
    this.shape = shape;
    this.code = code;
    this.vector = new PassEmitter(code, scheme.bits());
  }

  /** A new pass; the module jdk.incubator.vector must be there. */
  static Pass generate(Scheme scheme, Shape shape) {
    ClassDesc pass = Pass.class.describeConstable().orElseThrow();
    byte[] bytes =
        ClassFile.of()
            .build(
                NAME,
                type ->
                    type.withFlags(ClassFile.ACC_FINAL)
                        .withInterfaceSymbols(pass)
                        .withMethodBody(
                            INIT_NAME,
                            MTD_void,
                            0,
                            code ->
                                code.aload(0)
                                    .invokespecial(CD_Object, INIT_NAME, MTD_void)
                                    .return_())
                        .withMethodBody(
                            "run",
                            RUN,
                            ClassFile.ACC_PUBLIC,
                            code -> new PassGenerator(scheme, shape, code).emit()));
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup().defineHiddenClass(bytes, true);
      return (Pass)
          lookup.findConstructor(lookup.lookupClass(), MethodType.methodType(void.class)).invoke();
    } catch (Throwable e) {
      throw new IllegalStateException(
          "Cannot make the " + scheme.text() + " kernel for " + shape, e);
    }
  }

  private void emit() {
    int[] from = addresses(SOURCES, FIRST_SOURCE, shape.sources());
    int[] to = addresses(TARGETS, FIRST_TARGET, shape.targets());
    int[] tables = loadTables();
    int[] masks = scheme == Scheme.SIX_BIT ? masks(0x03, 0x0f) : masks(0x0f);
    int index = code.allocateLocal(TypeKind.INT);
    Label head = code.newLabel();
    Label end = code.newLabel();
    code.iconst_0().istore(index).labelBinding(head).iload(index).iload(BYTES).if_icmpge(end);
    for (int u = 0; u < scheme.unroll(); u++) {
      column(from, to, tables, masks, index, u * scheme.bits() / 8);
    }
    code.iinc(index, scheme.stepBytes()).goto_(head).labelBinding(end).return_();
  }

  /** Locals that hold the masked addresses of the shards. */
  private int[] addresses(int array, int first, int count) {
    int[] locals = new int[count];
    for (int i = 0; i < count; i++) {
      locals[i] = code.allocateLocal(TypeKind.LONG);
      code.aload(array).iload(first).loadConstant(i).iadd().laload().lload(OFFSET).ladd();
      code.loadConstant(RawMemory.ADDRESS_MASK).land().lstore(locals[i]);
    }
    return locals;
  }

  private int[] loadTables() {
    int base = code.allocateLocal(TypeKind.LONG);
    int[] locals = new int[scheme.tables(shape.sources()) * shape.targets()];
    for (int i = 0; i < locals.length; i++) {
      code.lload(TABLES).loadConstant((long) i * Scheme.TABLE_BYTES).ladd();
      code.loadConstant(RawMemory.ADDRESS_MASK).land().lstore(base);
      vector.load(base);
      locals[i] = storeNew();
    }
    return locals;
  }

  private int[] masks(int... values) {
    int[] locals = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      vector.broadcast(values[i]);
      locals[i] = storeNew();
    }
    return locals;
  }

  private int storeNew() {
    int local = code.allocateLocal(TypeKind.REFERENCE);
    code.astore(local);
    return local;
  }

  /** One vector of every shard. */
  private void column(
      int[] from, int[] to, int[] tables, int[] masks, int index, int displacement) {
    int[] values = new int[from.length];
    for (int i = 0; i < from.length; i++) {
      vector.load(from[i], index, displacement);
      values[i] = storeNew();
    }
    int[] indexes =
        scheme == Scheme.SIX_BIT ? sixBitIndexes(values, masks) : nibbles(values, masks[0]);
    int[] sums = new int[to.length];
    for (int t = 0; t < to.length; t++) {
      vector.lookUp(indexes[0], tables[t]);
      for (int i = 1; i < indexes.length; i++) {
        int lookUp = indexes[i];
        int table = tables[i * to.length + t];
        vector.xor(() -> vector.lookUp(lookUp, table));
      }
      if (shape.accumulate()) {
        int target = to[t];
        vector.xor(() -> vector.load(target, index, displacement));
      }
      sums[t] = storeNew();
    }
    for (int t = 0; t < to.length; t++) {
      vector.store(sums[t], to[t], index, displacement);
    }
  }

  private int[] nibbles(int[] values, int lowMask) {
    int[] indexes = new int[2 * values.length];
    for (int i = 0; i < values.length; i++) {
      code.aload(values[i]);
      vector.and(lowMask);
      indexes[2 * i] = storeNew();
      vector.shiftRight(values[i], 4);
      vector.and(lowMask);
      indexes[2 * i + 1] = storeNew();
    }
    return indexes;
  }

  /**
   * The sources themselves, of which a look-up takes the six low bits, and the high bits of three
   * sources each. Higher garbage falls to the modulo of the look-up.
   */
  private int[] sixBitIndexes(int[] values, int[] masks) {
    int[] indexes = new int[scheme.tables(values.length)];
    System.arraycopy(values, 0, indexes, 0, values.length);
    for (int q = values.length; q < indexes.length; q++) {
      int first = 3 * (q - values.length);
      highBits(values, first, Math.min(3, values.length - first), masks);
      indexes[q] = storeNew();
    }
    return indexes;
  }

  /**
   * Pushes the two high bits of {@code count} sources side by side, those of {@code first} lowest.
   */
  private void highBits(int[] values, int first, int count, int[] masks) {
    vector.shiftRight(values[first + count - 1], 8 - 2 * count);
    if (count > 1) {
      vector.blend(() -> highBits(values, first, count - 1, masks), masks[count - 2]);
    }
  }
}
