package dev.ashlar.master.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ashlar.master.server.Identity.Founder;
import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply.Introduced;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * How a master with a new directory gets its vote. A vote rests on what is in the directory, so a
 * directory that was lost must never vote under the old name. Therefore a new directory first has
 * itself introduced to the other masters, without taking part in Raft:
 *
 * <ul>
 *   <li>All of them are new too: this is the first start of a cluster. Everybody notes everybody's
 *       incarnation, and the group's id is made of these.
 *   <li>Somebody belongs to a cluster already and noted this very incarnation: it only started a
 *       little earlier.
 *   <li>Somebody noted another incarnation under this name: the directory was lost. Refused; the
 *       sentence says how to replace the master.
 *   <li>Somebody is silent: it is waited for, since it might be one that knows better.
 * </ul>
 *
 * A master started to join takes the group's id from any member, and gets its vote when the leader
 * adds it. Deterministic; asks through {@link Ask}.
 */
final class Formation {
  /** Asks a master who it is. Fails with UNAVAILABLE or TIMEOUT while it is not there. */
  @FunctionalInterface
  interface Ask {
    Introduced introduce(Peer peer) throws AshlarException;
  }

  private final MasterConfig config;
  private final Ask ask;
  private final Map<String, Long> incarnations = new LinkedHashMap<>();
  private String waitingFor = "";

  Formation(MasterConfig config, Ask ask) {
    this.config = config;
    this.ask = ask;
  }

  /** Whom the last {@link #attempt} waited for. */
  String waitingFor() {
    return waitingFor;
  }

  /**
   * One round of questions.
   *
   * @return the identity with a cluster, or without one if somebody has to be waited for
   * @throws AshlarException if this directory can never get a vote under this name
   */
  Identity attempt(Identity me) throws AshlarException {
    return config.join() ? join(me) : form(me);
  }

  private Identity join(Identity me) throws AshlarException {
    if (config.others().isEmpty()) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "Master "
              + me.name()
              + " is to join a cluster, but no master of it is named: give the address of one");
    }
    List<String> silent = new ArrayList<>();
    for (Peer p : config.others()) {
      try {
        Introduced r = ask.introduce(p);
        if (r.callerKnownAs() != 0 && r.callerKnownAs() != me.incarnation()) {
          throw used(me.name(), r.name());
        }
        if (r.formed()) {
          return me.formed(r.raftGroup(), List.of());
        }
        silent.add(p.name() + " (belongs to no cluster yet)");
      } catch (AshlarException e) {
        silent.add(orThrow(e, p));
      }
    }
    waitingFor = String.join(", ", silent);
    return me;
  }

  private Identity form(Identity me) throws AshlarException {
    List<String> silent = new ArrayList<>();
    String formedWithoutMe = "";
    for (Peer p : config.others()) {
      try {
        Introduced r = ask.introduce(p);
        if (!r.name().equals(p.name())) {
          throw new AshlarException(
              ErrorCode.INVALID,
              "At "
                  + p.clientAddress()
                  + " answers master '"
                  + r.name()
                  + "', but it should be '"
                  + p.name()
                  + "': correct the list of masters");
        }
        incarnations.put(p.name(), r.incarnation());
        if (r.formed() && r.callerKnownAs() == me.incarnation()) {
          return me.formed(r.raftGroup(), founders(me));
        }
        if (r.callerKnownAs() != 0 && r.callerKnownAs() != me.incarnation()) {
          throw lost(me.name(), r.name());
        }
        if (r.formed()) {
          formedWithoutMe = r.name();
        }
      } catch (AshlarException e) {
        silent.add(orThrow(e, p));
      }
    }
    waitingFor = String.join(", ", silent);
    if (!silent.isEmpty()) {
      return me;
    }
    if (!formedWithoutMe.isEmpty()) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "Master "
              + me.name()
              + " is new, but "
              + formedWithoutMe
              + " belongs to a cluster that was formed without it: start it with --join and run 'bin/ashlar masters add "
              + me.name()
              + " "
              + config.raftAddress()
              + " "
              + config.clientAddress()
              + "'");
    }
    List<Founder> founders = founders(me);
    return me.formed(groupOf(founders), founders);
  }

  private List<Founder> founders(Identity me) {
    List<Founder> all = new ArrayList<>();
    all.add(new Founder(me.name(), config.raftAddress(), config.clientAddress(), me.incarnation()));
    for (Peer p : config.others()) {
      all.add(
          new Founder(
              p.name(),
              p.raftAddress(),
              p.clientAddress(),
              incarnations.getOrDefault(p.name(), 0L)));
    }
    all.sort(Comparator.comparing(Founder::name));
    return all;
  }

  /** The same for all founders, and for no other cluster. */
  private static String groupOf(List<Founder> founders) {
    StringBuilder text = new StringBuilder("ashlar");
    founders.forEach(f -> text.append(' ').append(f.name()).append(' ').append(f.incarnation()));
    return UUID.nameUUIDFromBytes(text.toString().getBytes(UTF_8)).toString();
  }

  private static String orThrow(AshlarException e, Peer p) throws AshlarException {
    return switch (e.code()) {
      case UNAVAILABLE, TIMEOUT, RETRY -> p.name() + " at " + p.clientAddress();
      default -> throw e;
    };
  }

  private AshlarException lost(String name, String by) {
    return new AshlarException(
        ErrorCode.INVALID,
        "Master "
            + name
            + " has an empty directory ("
            + config.dir()
            + "), but "
            + by
            + " says that it already belongs to the cluster. What it had promised is lost, so it must not vote under this name again. Start a master under a new name with an empty directory and --join, and"
            + " run 'bin/ashlar masters replace "
            + name
            + " NEW-NAME RAFT-ADDRESS CLIENT-ADDRESS'");
  }

  private static AshlarException used(String name, String by) {
    return new AshlarException(
        ErrorCode.EXISTS,
        "The name "
            + name
            + " was used before in the cluster of "
            + by
            + ", and a name is never used twice: choose another one");
  }
}
