package dev.ashlar.master.state;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.master.state.LogCommand.ClientCommand;
import dev.ashlar.master.state.NaiveFs.Node;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ChunkPlace;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What a random history has sent so far, what it knows, and whom it may pick next. */
final class HistoryRun {
  static final Policy POLICY = Policy.parse("rs-3-2");
  private static final long[] CLIENTS = {11, -12};
  private static final String[] NAMES = {"a", "b", "c", "ä".repeat(100)};

  final Random random;
  final World one;
  final World two;
  final NaiveFs model = new NaiveFs(POLICY.chunkBytes());
  private final Map<Long, Long> sequences = new HashMap<>();
  private final Map<Long, Long> acked = new HashMap<>();
  final List<ClientCommand> unacked = new ArrayList<>();
  private final Map<ClientCommand, Message> replies = new HashMap<>();

  /** What was handed out, by "chunk version". */
  final Map<String, ChunkPlace> places = new HashMap<>();

  final DiskRecord disks = new DiskRecord(POLICY);

  @Nullable Object last;

  HistoryRun(long seed, World one, World two) {
    random = new Random(seed);
    this.one = one;
    this.two = two;
    for (World w : List.of(one, two)) {
      w.servers(12, 1);
      w.group(100, 101, 102, 103, 104);
      w.group(104, 105, 106, 107, 108);
    }
    for (long client : CLIENTS) {
      client(client, new Command.OpenSession("h"));
    }
  }

  Message both(LogCommand command) {
    last = command;
    Message a = one.apply(command);
    Message b = two.apply(command);
    assertEquals(
        HexFormat.of().formatHex(Encoding.encodeMessage(a)),
        HexFormat.of().formatHex(Encoding.encodeMessage(b)));
    return a;
  }

  Message client(long client, Command command) {
    long seq = sequences.merge(client, 1L, Long::sum);
    if (random.nextInt(4) == 0) {
      acked.put(client, seq);
      unacked.removeIf(c -> c.client() == client);
    }
    ClientCommand c = new ClientCommand(client, seq, acked.getOrDefault(client, 0L), command);
    Message reply = both(c);
    unacked.add(c);
    replies.put(c, reply);
    return reply;
  }

  /** A repeated command is answered as before and does nothing. */
  Message again() {
    if (unacked.isEmpty()) {
      return new MasterReply.Done();
    }
    ClientCommand c = unacked.get(random.nextInt(unacked.size()));
    Message first = Objects.requireNonNull(replies.get(c));
    if (first instanceof ErrorReply e && e.code() == ErrorCode.RETRY) {
      return e;
    }
    String before = StateDump.dump(one);
    assertEquals(
        HexFormat.of().formatHex(Encoding.encodeMessage(first)),
        HexFormat.of().formatHex(Encoding.encodeMessage(both(c))));
    assertEquals(before, StateDump.dump(one), "a repeated command did something");
    return first;
  }

  void expect(@Nullable ErrorCode code, Message reply) {
    assertEquals(code, reply instanceof ErrorReply e ? e.code() : null, reply::toString);
  }

  long anyInode() {
    List<Long> all = model.nodes.keySet().stream().sorted().toList();
    return random.nextInt(20) == 0 ? 9999 : all.get(random.nextInt(all.size()));
  }

  long anyDirectory() {
    List<Long> all =
        model.nodes.keySet().stream().filter(i -> model.node(i).directory()).sorted().toList();
    return random.nextInt(20) == 0 ? anyInode() : all.get(random.nextInt(all.size()));
  }

  long anyLeased() {
    List<Long> all =
        model.nodes.keySet().stream().filter(i -> model.node(i).epoch != 0).sorted().toList();
    return all.isEmpty() || random.nextInt(20) == 0
        ? anyInode()
        : all.get(random.nextInt(all.size()));
  }

  String anyName() {
    return NAMES[random.nextInt(NAMES.length)];
  }

  long anyClient() {
    return CLIENTS[random.nextInt(CLIENTS.length)];
  }

  long epochOf(long inode) {
    Node n = model.nodes.get(inode);
    return n == null ? 3 : n.epoch + (random.nextInt(30) == 0 ? 1 : 0);
  }
}
