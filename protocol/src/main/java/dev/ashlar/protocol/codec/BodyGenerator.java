package dev.ashlar.protocol.codec;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DynamicConstantDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes, for a record type, the class that a person would write by hand: one call per component,
 * no boxing, no reflection at run time. It is a hidden class in the nest of the record, so that
 * private and package-private records work too. For {@code record Name(String text, long at, Kind
 * kind)} it says
 *
 * <pre>{@code
 * void write(Object r, RecordOutput out) {
 *   out.writeString(((Name) r).text());
 *   out.writeLong(((Name) r).at());
 *   codec0.write(((Name) r).kind(), out);
 * }
 * Object read(RecordInput in) {
 *   return new Name(in.readString(), in.readLong(), (Kind) codec0.readOrMissing(in));
 * }
 * }</pre>
 */
final class BodyGenerator {
  private static final ClassDesc BODY = desc(RecordBody.class);
  private static final ClassDesc OUT = desc(RecordOutput.class);
  private static final ClassDesc IN = desc(RecordInput.class);
  private static final ClassDesc CODEC = desc(ValueCodec.class);

  /**
   * Types that {@link RecordOutput} and {@link RecordInput} have methods for, with the end of the
   * methods' names.
   */
  private static final Map<Class<?>, String> DIRECT =
      Map.of(
          boolean.class,
          "Boolean",
          int.class,
          "Int",
          long.class,
          "Long",
          String.class,
          "String",
          byte[].class,
          "Bytes",
          int[].class,
          "Ints",
          long[].class,
          "Longs");

  private final ClassDesc record;
  private final RecordComponent[] components;
  private final List<ValueCodec> codecs = new ArrayList<>();

  private BodyGenerator(Class<?> type) {
    this.record = desc(type);
    this.components = type.getRecordComponents();
  }

  static RecordBody generate(Class<?> type) {
    if (!type.isRecord()) {
      throw new IllegalArgumentException(type.getName() + " is no record: it has no encoding");
    }
    BodyGenerator generator = new BodyGenerator(type);
    try {
      ClassDesc name = ClassDesc.of(type.getPackageName(), type.getSimpleName() + "Body");
      byte[] code = ClassFile.of().build(name, generator::describe);
      MethodHandles.Lookup home = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
      Class<?> body =
          home.defineHiddenClassWithClassData(
                  code,
                  List.copyOf(generator.codecs),
                  true,
                  MethodHandles.Lookup.ClassOption.NESTMATE)
              .lookupClass();
      return (RecordBody) body.getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot make the encoding of " + type.getName(), e);
    }
  }

  private void describe(ClassBuilder c) {
    c.withSuperclass(BODY)
        .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC);
    c.withMethodBody(
        INIT_NAME,
        MethodTypeDesc.of(CD_void),
        ClassFile.ACC_PUBLIC,
        b -> b.aload(0).invokespecial(BODY, INIT_NAME, MethodTypeDesc.of(CD_void)).return_());
    c.withMethodBody(
        "write", MethodTypeDesc.of(CD_void, CD_Object, OUT), ClassFile.ACC_PUBLIC, this::write);
    c.withMethodBody("read", MethodTypeDesc.of(CD_Object, IN), ClassFile.ACC_PUBLIC, this::read);
  }

  private void write(CodeBuilder b) {
    codecs.clear();
    for (RecordComponent component : components) {
      ClassDesc type = desc(component.getType());
      if (isDirect(component)) {
        b.aload(2)
            .aload(1)
            .checkcast(record)
            .invokevirtual(record, component.getName(), MethodTypeDesc.of(type));
        b.invokevirtual(
            OUT, "write" + DIRECT.get(component.getType()), MethodTypeDesc.of(CD_void, type));
      } else {
        pushCodec(b, component);
        b.aload(1)
            .checkcast(record)
            .invokevirtual(record, component.getName(), MethodTypeDesc.of(type))
            .aload(2);
        b.invokeinterface(CODEC, "write", MethodTypeDesc.of(CD_void, CD_Object, OUT));
      }
    }
    b.return_();
  }

  private void read(CodeBuilder b) {
    codecs.clear();
    List<ClassDesc> types = new ArrayList<>();
    b.new_(record).dup();
    for (RecordComponent component : components) {
      ClassDesc type = desc(component.getType());
      types.add(type);
      if (isDirect(component)) {
        b.aload(1)
            .invokevirtual(IN, "read" + DIRECT.get(component.getType()), MethodTypeDesc.of(type));
      } else {
        pushCodec(b, component);
        b.aload(1)
            .invokeinterface(CODEC, "readOrMissing", MethodTypeDesc.of(CD_Object, IN))
            .checkcast(type);
      }
    }
    b.invokespecial(record, INIT_NAME, MethodTypeDesc.of(CD_void, types)).areturn();
  }

  private static boolean isDirect(RecordComponent component) {
    return DIRECT.containsKey(component.getType())
        && !ValueCodecs.isNullable(component.getAnnotatedType());
  }

  /** The codec becomes a constant of the generated class. */
  private void pushCodec(CodeBuilder b, RecordComponent component) {
    b.loadConstant(
        DynamicConstantDesc.ofNamed(
            CLASS_DATA_AT, ConstantDescs.DEFAULT_NAME, CODEC, codecs.size()));
    codecs.add(ValueCodecs.of(component.getAnnotatedType()));
  }

  private static final java.lang.constant.DirectMethodHandleDesc CLASS_DATA_AT =
      ConstantDescs.ofConstantBootstrap(
          desc(MethodHandles.class), "classDataAt", CD_Object, CD_int);

  private static ClassDesc desc(Class<?> type) {
    return type.describeConstable().orElseThrow();
  }
}
