package dev.ashlar.client;

import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.Policy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** One code per policy, kept since codes remember their plans. Thread-safe. */
final class Codes {
  private final Map<String, ErasureCode> codes = new ConcurrentHashMap<>();

  ErasureCode of(Policy policy) {
    return codes.computeIfAbsent(
        policy.kind() + "-" + policy.k() + "-" + policy.m(), key -> make(policy));
  }

  private static ErasureCode make(Policy policy) {
    return switch (policy.kind()) {
      case RS -> ErasureCode.reedSolomon(policy.k(), policy.m());
      case XOR -> ErasureCode.xor(policy.k());
      case MIRROR -> ErasureCode.mirror(policy.width());
    };
  }
}
