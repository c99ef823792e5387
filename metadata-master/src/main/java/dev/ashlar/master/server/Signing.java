package dev.ashlar.master.server;

import dev.ashlar.master.state.Rows.TokenKeyRow;
import dev.ashlar.master.state.Tokens;
import dev.ashlar.master.state.Topology;
import dev.ashlar.protocol.TokenSigner;
import dev.ashlar.protocol.message.MasterReply.TokenKey;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Signs tokens while this master leads. A key that this leader has just met is not used while there
 * is an older one: the chunk servers hear of it with their heartbeats. Thread-safe.
 */
final class Signing {
  private static final long SETTLE_NS = Duration.ofSeconds(30).toNanos();

  private final long lifeMs;
  private final LongSupplier wallMs;
  private List<TokenKeyRow> keys = List.of();
  private int newest;
  private long newestSinceNs;

  Signing(Duration life, LongSupplier wallMs) {
    lifeMs = life.toMillis();
    this.wallMs = wallMs;
  }

  synchronized void update(Topology topology, long nowNs) {
    keys = topology.keys();
    int last = keys.isEmpty() ? 0 : keys.getLast().id();
    if (last != newest) {
      newest = last;
      newestSinceNs = nowNs;
    }
  }

  /** For one request; not thread-safe itself. */
  synchronized Tokens tokens(long nowNs) {
    if (keys.isEmpty()) {
      throw new IllegalStateException("The cluster has no signing key yet");
    }
    boolean settled = keys.size() == 1 || nowNs - newestSinceNs > SETTLE_NS;
    TokenKeyRow key = settled ? keys.getLast() : keys.get(keys.size() - 2);
    TokenSigner signer = new TokenSigner(key.id(), key.secret());
    long expires = wallMs.getAsLong() + lifeMs;
    return (chunk, version, rights, epoch, group) ->
        signer.sign(chunk, version, rights, epoch, group, expires);
  }

  synchronized List<TokenKey> keys() {
    return keys.stream().map(k -> new TokenKey(k.id(), k.secret())).toList();
  }
}
