package dev.ashlar.simulation;

import dev.ashlar.master.state.LogCommand;
import dev.ashlar.master.store.WriteTxn;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.DecodeException;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Watches what the masters apply: all the same, in the same order, with the same replies; one
 * leader a term; nothing under a lease that was closed; nobody's command twice.
 */
final class Agreement {
  private final List<Long> hashes = new ArrayList<>();
  private final Map<Long, String> leaders = new HashMap<>();
  private final Set<Long> closed = new HashSet<>();
  private final Map<Asked, Integer> carriedOut = new HashMap<>();

  private record Asked(long client, long seq) {}

  void leads(String master, long term) {
    String other = leaders.put(term, master);
    if (other != null && !other.equals(master)) {
      throw new Violation("Term " + term + " has two leaders: " + other + " and " + master);
    }
  }

  void applied(
      String master, long index, RaftDisk.Entry entry, List<byte[]> replies, WriteTxn txn) {
    long hash = entry.term() * 31 + entry.timeNs();
    for (byte[] c : entry.commands()) {
      hash = hash * 1_000_003 + Arrays.hashCode(c);
    }
    for (byte[] r : replies) {
      hash = hash * 1_000_003 + Arrays.hashCode(r);
    }
    if (index > hashes.size() + 1) {
      throw new Violation(master + " applied entry " + index + " that nobody committed");
    }
    if (index == hashes.size() + 1) {
      hashes.add(hash);
      for (int i = 0; i < replies.size(); i++) {
        first(entry.commands().get(i), replies.get(i));
      }
    } else if (hashes.get((int) index - 1) != hash) {
      throw new Violation(master + " answers entry " + index + " differently than others did");
    }
  }

  private void first(byte[] command, byte[] reply) {
    try {
      LogCommand c = RecordCodec.decodeTagged(LogCommand.class, command);
      Message r = SimNetwork.decode(reply);
      boolean repeated = false;
      if (c instanceof LogCommand.ClientCommand m && !(r instanceof ErrorReply)) {
        Integer before = carriedOut.put(new Asked(m.client(), m.seq()), Arrays.hashCode(reply));
        if (before != null && before != Arrays.hashCode(reply)) {
          throw new Violation("What a client asked once was carried out twice: " + m);
        }
        repeated = before != null; // answered as before, though its lease may be closed by now
      }
      if (c instanceof LogCommand.CloseLeases m) {
        Arrays.stream(m.epochs()).forEach(closed::add);
      } else if (c instanceof LogCommand.ClientCommand m
          && m.command() instanceof Command.Commit commit
          && !(r instanceof ErrorReply)
          && !repeated
          && closed.contains(commit.epoch())) {
        throw new Violation(
            "A commit under the closed lease epoch " + commit.epoch() + " went through");
      }
    } catch (DecodeException e) {
      throw new Violation("A committed command cannot be read", e);
    }
  }
}
