package dev.ashlar.chunkserver.server;

import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.Policy;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * One erasure code per shape, shared by all servers of the process: a code keeps plans that are
 * worth keeping. Policies are few, so this stays small.
 */
final class Codes {
  private record Shape(Policy.Kind kind, int k, int m) {}

  private static final ConcurrentMap<Shape, ErasureCode> CODES = new ConcurrentHashMap<>();

  private Codes() {}

  static ErasureCode of(Policy policy) {
    return CODES.computeIfAbsent(
        new Shape(policy.kind(), policy.k(), policy.m()),
        s ->
            switch (s.kind()) {
              case RS -> ErasureCode.reedSolomon(s.k(), s.m());
              case XOR -> ErasureCode.xor(s.k());
              case MIRROR -> ErasureCode.mirror(s.k() + s.m());
            });
  }
}
