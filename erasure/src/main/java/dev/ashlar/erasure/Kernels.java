package dev.ashlar.erasure;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.ByteVector;

/** Which kernels this process has, and which it prefers. */
final class Kernels {
  /**
   * Forces a kernel: {@code scalar}, {@code six-bit}, {@code vector512}, {@code vector256} or
   * {@code vector128}. Default {@code auto}.
   */
  static final String PROPERTY = "ashlar.erasure.kernel";

  private static final System.Logger LOG = System.getLogger(Kernels.class.getName());
  private static final String MODULE = "jdk.incubator.vector";
  private static final Kernel SCALAR = new ScalarKernel();

  private Kernels() {}

  static Kernel scalar() {
    return SCALAR;
  }

  /**
   * The kernel that codes use once it is warm.
   *
   * @throws IllegalArgumentException if {@value #PROPERTY} names a kernel that is not there
   */
  static Kernel preferred() {
    String forced = System.getProperty(PROPERTY, "auto");
    return forced.equals("auto") ? Automatic.KERNEL : forced(forced);
  }

  /** The kernel called {@code name}, used at once. */
  static Kernel forced(String name) {
    if (name.equals(SCALAR.name())) {
      return SCALAR;
    }
    Scheme scheme = Scheme.parse(name);
    if (!schemes().contains(scheme)) {
      throw new IllegalArgumentException(
          "The erasure kernel '"
              + name
              + "' does not run here: it needs vectors of "
              + scheme.bits()
              + " bits and --add-modules="
              + MODULE);
    }
    return new ForcedKernel(new VectorKernel(scheme, new WarmUp()));
  }

  /** The schemes whose vectors this machine has, not all of them fast. */
  static List<Scheme> schemes() {
    List<Scheme> schemes = new ArrayList<>();
    if (ModuleLayer.boot().findModule(MODULE).isPresent()) {
      for (Scheme scheme : Scheme.values()) {
        if (scheme.bits() <= Longest.VECTOR_BITS) {
          schemes.add(scheme);
        }
      }
    }
    return schemes;
  }

  /** In a class of its own, since the Vector API may not be there. */
  private static final class Longest {
    static final int VECTOR_BITS = ByteVector.SPECIES_PREFERRED.vectorBitSize();
  }

  /** One for the process, so that all codes share what was warmed up. */
  private static final class Automatic {
    static final Kernel KERNEL = choose();

    private static Kernel choose() {
      List<Scheme> schemes = schemes();
      if (schemes.isEmpty()) {
        LOG.log(
            System.Logger.Level.WARNING,
            "Erasure coding runs without vector instructions, some 20 times slower: start Java with --add-modules="
                + MODULE);
        return SCALAR;
      }
      WarmUp warmUp = new WarmUp();
      List<VectorKernel> candidates = new ArrayList<>();
      for (Scheme scheme : List.of(Scheme.SIX_BIT, Scheme.VECTOR_128)) {
        if (schemes.contains(scheme) && (scheme != Scheme.SIX_BIT || mayHaveVbmi())) {
          candidates.add(new VectorKernel(scheme, warmUp));
        }
      }
      return new AutoKernel(candidates);
    }

    /**
     * False if Linux says that the processor lacks VBMI; where nothing is known the warm-up finds
     * out by measuring.
     */
    private static boolean mayHaveVbmi() {
      Path info = Path.of("/proc/cpuinfo");
      if (!Files.isReadable(info)) {
        return true;
      }
      try (BufferedReader lines = Files.newBufferedReader(info, StandardCharsets.ISO_8859_1)) {
        return lines
            .lines()
            .filter(line -> line.startsWith("flags"))
            .findFirst()
            .orElse("")
            .contains("avx512vbmi");
      } catch (IOException | UncheckedIOException e) {
        return true;
      }
    }
  }
}
