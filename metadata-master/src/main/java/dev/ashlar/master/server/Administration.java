package dev.ashlar.master.server;

import dev.ashlar.master.raft.Replicator;
import dev.ashlar.master.raft.Replicator.Member;
import dev.ashlar.master.state.LogCommand;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply.Introduced;
import dev.ashlar.protocol.message.MasterRequest.Administer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Administration of the masters, on one thread: calls take seconds. Every action can be repeated
 * after a failure.
 */
final class Administration {
  /**
   * Asks other masters who they are. Fails with UNAVAILABLE, TIMEOUT or RETRY if one is not there.
   */
  @FunctionalInterface
  interface Others {
    Introduced introduce(String address, long incarnation) throws AshlarException;
  }

  private static final Duration JOIN_WAIT = Duration.ofSeconds(20);

  private final MasterConfig config;
  private final Metadata metadata;
  private final Others others;

  Administration(MasterConfig config, Metadata metadata, Others others) {
    this.config = config;
    this.metadata = metadata;
    this.others = others;
  }

  /** Whether any master may do it, not only the leader. */
  static boolean anywhere(Administer a) {
    return a.action().equals("snapshot");
  }

  /**
   * @return what was done, for people
   */
  String run(Administer a) throws AshlarException {
    List<String> x = a.arguments();
    Replicator r = metadata.replicator();
    return switch (a.action()) {
      case "snapshot" -> count(a, 0, r.snapshot());
      case "transfer" -> {
        count(a, 1, "");
        r.transfer(x.get(0));
        yield "Master " + x.get(0) + " leads now";
      }
      case "add-master" -> {
        count(a, 3, "");
        add(x.get(0), x.get(1), x.get(2));
        yield "Master " + x.get(0) + " is a member now";
      }
      case "remove-master" -> {
        count(a, 1, "");
        remove(x.get(0));
        yield "Master " + x.get(0) + " is no member any more";
      }
      case "replace-master" -> {
        count(a, 4, "");
        if (!r.members().stream().map(Member::name).toList().contains(x.get(0))
            && !r.members().stream().map(Member::name).toList().contains(x.get(1))) {
          throw new AshlarException(
              ErrorCode.NOT_FOUND,
              "No master is called "
                  + x.get(0)
                  + ": the masters are "
                  + r.members().stream().map(Member::name).toList());
        }
        add(x.get(1), x.get(2), x.get(3));
        remove(x.get(0));
        yield "Master " + x.get(1) + " took the place of " + x.get(0);
      }
      default ->
          throw new AshlarException(
              ErrorCode.INVALID,
              "Masters do not know the action '"
                  + a.action()
                  + "': use snapshot, transfer, add-master, remove-master or replace-master");
    };
  }

  private static String count(Administer a, int wanted, String result) throws AshlarException {
    if (a.arguments().size() != wanted) {
      throw new AshlarException(
          ErrorCode.INVALID,
          "The action "
              + a.action()
              + " takes "
              + wanted
              + " arguments, not "
              + a.arguments().size());
    }
    return result;
  }

  /**
   * The new master must listen, with an empty group, before it is added: adding one that does not
   * answer would only time out.
   */
  private void add(String name, String raftAddress, String clientAddress) throws AshlarException {
    Introduced i = waitForJoiner(name, clientAddress);
    metadata.decide(
        new LogCommand.RegisterMaster(name, i.incarnation(), raftAddress, clientAddress));
    metadata.replicator().add(new Member(name, raftAddress));
  }

  private Introduced waitForJoiner(String name, String address) throws AshlarException {
    long deadline = System.nanoTime() + JOIN_WAIT.toNanos();
    AshlarException last = null;
    while (System.nanoTime() - deadline < 0) {
      try {
        Introduced i = others.introduce(address, 0);
        if (!i.name().equals(name)) {
          throw new AshlarException(
              ErrorCode.INVALID,
              "At " + address + " answers master '" + i.name() + "', not '" + name + "'");
        }
        if (i.formed()) {
          return i;
        }
        last =
            new AshlarException(
                ErrorCode.UNAVAILABLE,
                "it has not found its cluster yet; was it started with --join and the address of a running master?");
      } catch (AshlarException e) {
        if (e.code() != ErrorCode.UNAVAILABLE
            && e.code() != ErrorCode.TIMEOUT
            && e.code() != ErrorCode.RETRY) {
          throw e;
        }
        last = e;
      }
      pause();
    }
    throw new AshlarException(
        ErrorCode.UNAVAILABLE,
        "The new master "
            + name
            + " is not ready at "
            + address
            + " ("
            + (last == null ? "no answer" : last.getMessage())
            + "): start it with --join first");
  }

  private static void pause() throws AshlarException {
    try {
      TimeUnit.MILLISECONDS.sleep(200);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.RETRY, "This master is stopping", e);
    }
  }

  private void remove(String name) throws AshlarException {
    Replicator r = metadata.replicator();
    if (name.equals(config.name())) {
      String heir =
          r.reachable().stream()
              .filter(m -> !m.equals(name))
              .findFirst()
              .orElseThrow(() ->
                  new AshlarException(
                      ErrorCode.UNAVAILABLE,
                      "Master " + name + " leads and no other master is in touch to take over"));
      r.transfer(heir);
      throw new AshlarException(ErrorCode.NOT_LEADER, "");
    }
    r.remove(name);
    metadata.decide(new LogCommand.RetireMaster(name));
  }
}
