package dev.ashlar.erasure;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A systematic erasure code: k data shards, m parity shards, and any k of the k + m give back all.
 * Data shards have the indexes 0 to k-1, parity shards k to k+m-1.
 *
 * <p>Immutable and thread-safe; keep one instance per policy, for it caches the plans of the losses
 * it has seen (at most {@value PlanCache#CAPACITY}).
 *
 * <p><b>Shards</b> are memory segments of any kind, native or heap, of any alignment, at least
 * {@code length} bytes long; only bytes 0 to {@code length} are touched. Native memory is faster
 * than heap, most of all if aligned to 64 bytes, and a stripe that fits the L2 cache (cells of up
 * to 64 KiB or so) is two to three times faster than one that does not. A shard that is known to be
 * all zeros (an absent cell of a last stripe) is given as {@code null} and costs nothing.
 *
 * <p><b>Ownership.</b> Nothing is kept after a call returns. The caller keeps every segment open,
 * and lets nobody else change it, until then: native memory is read by address, so closing an arena
 * from another thread in the middle of a call is as wrong as in C.
 *
 * <p><b>Errors.</b> All arguments are checked before a byte is written: {@link
 * IllegalArgumentException} for wrong counts, short or overlapping shards, {@link
 * IllegalStateException} for closed memory, {@link WrongThreadException} for memory confined to
 * another thread.
 *
 * <p><b>Speed.</b> Work starts on a scalar kernel and moves to the vector kernel once a background
 * thread has seen that one compiled, correct and fast: after {@link #warmUp}, or after some tens of
 * MiB have been coded. The system property {@value Kernels#PROPERTY} forces one kernel.
 */
public final class ErasureCode {
  /** Most shards of one code, data and parity together. */
  public static final int MAX_SHARDS = 255;

  private final String name;
  private final Matrix generator;
  private final Kernel preferred;
  private final Kernel fallback;
  private final SlowWork slowWork = new SlowWork();
  private final PlanCache plans = new PlanCache();
  private final Plan fullEncode;

  ErasureCode(String name, Matrix generator, Kernel preferred, Kernel fallback) {
    this.name = name;
    this.generator = generator;
    this.preferred = preferred;
    this.fallback = fallback;
    BitSet data = new BitSet();
    data.set(0, dataShards());
    BitSet parity = new BitSet();
    parity.set(dataShards(), totalShards());
    this.fullEncode = solve(new Pattern(data, new BitSet(), parity, false));
  }

  /**
   * The Reed-Solomon code over GF(2^8) whose bytes equal Backblaze's JavaReedSolomon.
   *
   * @param k data shards, at least 1
   * @param m parity shards, at least 0; k + m at most {@value #MAX_SHARDS}
   */
  public static ErasureCode reedSolomon(int k, int m) {
    return reedSolomon(k, m, Kernels.preferred(), Kernels.scalar());
  }

  static ErasureCode reedSolomon(int k, int m, Kernel preferred, Kernel fallback) {
    checkSize("A Reed-Solomon code", k, m);
    return new ErasureCode("rs-" + k + "-" + m, Matrix.reedSolomon(k, m), preferred, fallback);
  }

  /** {@code k} data shards and one parity shard, their exclusive or. */
  public static ErasureCode xor(int k) {
    return xor(k, Kernels.preferred(), Kernels.scalar());
  }

  static ErasureCode xor(int k, Kernel preferred, Kernel fallback) {
    checkSize("An xor code", k, 1);
    return new ErasureCode("xor-" + k + "-1", Matrix.xor(k), preferred, fallback);
  }

  /** One data shard and {@code copies - 1} parity shards, each a copy of it. */
  public static ErasureCode mirror(int copies) {
    return mirror(copies, Kernels.preferred(), Kernels.scalar());
  }

  static ErasureCode mirror(int copies, Kernel preferred, Kernel fallback) {
    if (copies < 1 || copies > MAX_SHARDS) {
      throw new IllegalArgumentException(
          "A mirror needs 1 to " + MAX_SHARDS + " copies, but " + copies + " were asked for");
    }
    return new ErasureCode(
        "mirror-" + copies, Matrix.of(copies, 1, (r, c) -> 1), preferred, fallback);
  }

  private static void checkSize(String what, int k, int m) {
    if (k < 1 || m < 0 || k > MAX_SHARDS || m > MAX_SHARDS - k) {
      throw new IllegalArgumentException(
          what
              + " needs at least 1 data shard, and 1 to "
              + MAX_SHARDS
              + " shards in all, but k="
              + k
              + " m="
              + m);
    }
  }

  /** k: the shards that hold the data. */
  public int dataShards() {
    return generator.columns();
  }

  /** m: the shards that can be lost. */
  public int parityShards() {
    return generator.rows() - generator.columns();
  }

  /** k + m. */
  public int totalShards() {
    return generator.rows();
  }

  /**
   * Starts to compile the vector kernel for encoding and for every number of lost shards, on a
   * background thread; returns at once. Servers call it at start, short-lived programs do not.
   */
  public void warmUp() {
    fullEncode.warm();
    for (int lost = 1; lost <= parityShards(); lost++) {
      BitSet sources = new BitSet();
      sources.set(lost, lost + dataShards());
      BitSet targets = new BitSet();
      targets.set(0, lost);
      plan(new Pattern(sources, new BitSet(), targets, false)).warm();
    }
  }

  /** True once whole stripes are encoded by the kernel that is preferred on this machine. */
  public boolean isWarm() {
    return fullEncode.isFast();
  }

  /**
   * Computes parity from data, all parity shards in one pass.
   *
   * @param data k shards; {@code null} stands for a shard of zeros
   * @param parity m shards to be written; {@code null} for one that is not wanted
   * @param length bytes of each shard
   */
  public void encode(
      @Nullable MemorySegment[] data, @Nullable MemorySegment[] parity, long length) {
    ShardCheck.count("data shards", data, dataShards(), name);
    ShardCheck.count("parity shards", parity, parityShards(), name);
    MemorySegment[] from = whole(data);
    MemorySegment[] to = whole(parity);
    if (from != null && to != null) {
      run(fullEncode, from, to, length);
      return;
    }
    BitSet sources = notNull(data, 0);
    BitSet targets = notNull(parity, dataShards());
    BitSet zeros = new BitSet();
    zeros.set(0, dataShards());
    zeros.andNot(sources);
    Plan plan = plan(new Pattern(sources, zeros, targets, false));
    run(plan, concatenate(data, parity), length);
  }

  /** The same array if no shard is missing: whole stripes are coded without any garbage. */
  @SuppressWarnings("NullAway") // the loop has looked
  private static MemorySegment @Nullable [] whole(@Nullable MemorySegment[] shards) {
    for (MemorySegment shard : shards) {
      if (shard == null) {
        return null;
      }
    }
    return shards;
  }

  /**
   * Makes the wanted shards, data or parity, from any k that are present. If more are present,
   * shards of zeros are used first, then the ones of lowest index.
   *
   * @param shards k + m shards by index. A present one is read, and {@code null} there stands for
   *     zeros; a wanted one is written; any other is ignored and may be {@code null}
   * @param present by index, whether the content of the shard is known and correct; at least k of
   *     them
   * @param wanted indexes of the shards to make, each once and none of them present
   * @param length bytes of each shard
   */
  public void reconstruct(
      @Nullable MemorySegment[] shards, boolean[] present, int[] wanted, long length) {
    ShardCheck.count("shards", shards, totalShards(), name);
    if (present.length != totalShards()) {
      throw new IllegalArgumentException(
          name
              + " has "
              + totalShards()
              + " shards, but the presence of "
              + present.length
              + " was given");
    }
    Pattern pattern = new Loss(name, dataShards(), shards, present).pattern(wanted);
    run(plan(pattern), shards, length);
  }

  /**
   * Brings parity up to date after a change of one data shard, without reading the others.
   *
   * @param dataIndex which data shard changed, 0 to k-1
   * @param delta old content exclusive-or new content, see {@link #difference}
   * @param parity m shards of the old content, changed in place; {@code null} for one that is not
   *     here
   * @param length bytes of each shard
   */
  public void applyDelta(
      int dataIndex, MemorySegment delta, @Nullable MemorySegment[] parity, long length) {
    if (dataIndex < 0 || dataIndex >= dataShards()) {
      throw new IllegalArgumentException(
          name + " has no data shard " + dataIndex + ", only 0 to " + (dataShards() - 1));
    }
    ShardCheck.count("parity shards", parity, parityShards(), name);
    BitSet sources = new BitSet();
    sources.set(dataIndex);
    BitSet zeros = new BitSet();
    zeros.set(0, dataShards());
    zeros.clear(dataIndex);
    @Nullable MemorySegment[] shards = new @Nullable MemorySegment[totalShards()];
    shards[dataIndex] = delta;
    System.arraycopy(parity, 0, shards, dataShards(), parity.length);
    BitSet targets = notNull(parity, dataShards());
    run(plan(new Pattern(sources, zeros, targets, true)), shards, length);
  }

  /**
   * Writes {@code before} exclusive-or {@code after} to {@code delta}, which may not overlap them.
   */
  public static void difference(
      MemorySegment before, MemorySegment after, MemorySegment delta, long length) {
    MemorySegment[] shards = {before, after, delta};
    run(Difference.PLAN, shards, length);
  }

  /** Whether parity agrees with data; {@code null} as in {@link #encode}. */
  public boolean verify(
      @Nullable MemorySegment[] data, @Nullable MemorySegment[] parity, long length) {
    return firstBadParity(data, parity, length) < 0;
  }

  /**
   * Compares parity with data.
   *
   * @param data k shards; {@code null} stands for a shard of zeros
   * @param parity m shards; {@code null} for one that is not to be compared
   * @param length bytes of each shard
   * @return 0 to m-1: the first parity shard of those that disagree at the lowest offsets; -1 if
   *     all agree. Which shard of the stripe is wrong cannot be told from one disagreement: a wrong
   *     data shard makes every parity disagree
   */
  public int firstBadParity(
      @Nullable MemorySegment[] data, @Nullable MemorySegment[] parity, long length) {
    ShardCheck.length(length);
    ShardCheck.count("data shards", data, dataShards(), name);
    ShardCheck.count("parity shards", parity, parityShards(), name);
    return new ParityCheck(this, data, parity).firstBad(length);
  }

  private static BitSet notNull(@Nullable MemorySegment[] shards, int firstIndex) {
    BitSet set = new BitSet();
    for (int i = 0; i < shards.length; i++) {
      if (shards[i] != null) {
        set.set(firstIndex + i);
      }
    }
    return set;
  }

  private static @Nullable MemorySegment[] concatenate(
      @Nullable MemorySegment[] data, @Nullable MemorySegment[] parity) {
    @Nullable MemorySegment[] all = new @Nullable MemorySegment[data.length + parity.length];
    System.arraycopy(data, 0, all, 0, data.length);
    System.arraycopy(parity, 0, all, data.length, parity.length);
    return all;
  }

  private Plan plan(Pattern pattern) {
    return plans.get(pattern, this::solve);
  }

  private Plan solve(Pattern pattern) {
    return Plan.solve(generator, pattern, preferred, fallback, slowWork);
  }

  /** Checks the segments that {@code plan} touches and runs it; {@code shards} by index. */
  private static void run(Plan plan, @Nullable MemorySegment[] shards, long length) {
    run(plan, pick(shards, plan.sources()), pick(shards, plan.targets()), length);
  }

  private static void run(Plan plan, MemorySegment[] from, MemorySegment[] to, long length) {
    ShardCheck.length(length);
    for (int s = 0; s < from.length; s++) {
      ShardCheck.readable("Shard", plan.sources()[s], from[s], length);
    }
    for (int t = 0; t < to.length; t++) {
      ShardCheck.writable("Shard", plan.targets()[t], to[t], length);
    }
    ShardCheck.disjoint(from, to, length);
    plan.run(from, to, length);
  }

  private static MemorySegment[] pick(@Nullable MemorySegment[] shards, int[] indexes) {
    MemorySegment[] picked = new MemorySegment[indexes.length];
    for (int i = 0; i < indexes.length; i++) {
      MemorySegment shard = shards[indexes[i]];
      if (shard == null) {
        throw new IllegalArgumentException("Shard " + indexes[i] + " was given no memory");
      }
      picked[i] = shard;
    }
    return picked;
  }

  /** The name of the code as in policies, for example {@code rs-6-3}. */
  @Override
  public String toString() {
    return name;
  }

  /** The plan of {@link #difference}, made at first use. */
  private static final class Difference {
    static final Plan PLAN = difference();

    private static Plan difference() {
      BitSet sources = new BitSet();
      sources.set(0, 2);
      BitSet targets = new BitSet();
      targets.set(2);
      Pattern pattern = new Pattern(sources, new BitSet(), targets, false);
      return Plan.solve(
          Matrix.xor(2), pattern, Kernels.preferred(), Kernels.scalar(), new SlowWork());
    }
  }
}
