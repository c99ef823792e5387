package dev.ashlar.master.server;

import dev.ashlar.master.server.Identity.Founder;
import dev.ashlar.master.state.Roster;
import dev.ashlar.protocol.message.MasterReply.Introduced;
import dev.ashlar.protocol.message.MasterRequest.Introduce;
import org.jspecify.annotations.Nullable;

/** Tells other masters who this one is and what it knows of them. Thread-safe. */
final class Introductions {
  private volatile Identity identity;

  Introductions(Identity identity) {
    this.identity = identity;
  }

  /** To be called after the identity was saved. */
  void update(Identity saved) {
    identity = saved;
  }

  Introduced answer(Introduce asked, @Nullable Node node) {
    Identity me = identity;
    long known =
        me.founders().stream()
            .filter(f -> f.name().equals(asked.name()))
            .mapToLong(Founder::incarnation)
            .findFirst()
            .orElse(0);
    Roster.MasterRow row =
        node == null ? null : node.metadata().read(txn -> Roster.find(txn, asked.name()));
    return new Introduced(
        me.name(),
        me.incarnation(),
        me.formed(),
        me.group(),
        row != null ? row.incarnation() : known);
  }
}
