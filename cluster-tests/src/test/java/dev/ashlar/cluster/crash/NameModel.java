package dev.ashlar.cluster.crash;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What names there must be after each command: makes commands, does them one after the other, and
 * remembers when each was asked for and acknowledged.
 */
final class NameModel {
  /** A command, the names after it, and how many changes the disk had seen before and after. */
  record Step(Command command, SortedMap<String, String> after, int asked, int acknowledged) {}

  /** Counts the changes of the recorded disk. */
  interface Clock {
    int now();
  }

  private final List<Step> steps = new ArrayList<>();
  private final Random random;
  private SortedMap<String, String> names = new TreeMap<>();

  NameModel(Random random) {
    this.random = random;
  }

  List<Step> steps() {
    return steps;
  }

  /** Names after so many commands. */
  SortedMap<String, String> after(int commands) {
    return commands == 0 ? new TreeMap<>() : steps.get(commands - 1).after();
  }

  /** Commands acknowledged at a point of the history. */
  int acknowledged(int point) {
    return (int) steps.stream().filter(s -> s.acknowledged() <= point).count();
  }

  /** Commands asked for at a point of the history. */
  int asked(int point) {
    return (int) steps.stream().filter(s -> s.asked() <= point).count();
  }

  /** Does one command. */
  Message step(NameClient client, Clock clock) throws AshlarException {
    SortedMap<String, String> next = new TreeMap<>(names);
    Command command = steps.isEmpty() ? new Command.OpenSession("test") : choose(client, next);
    int asked = clock.now();
    Message reply = client.submit(steps.size() + 1L, command);
    steps.add(new Step(command, next, asked, clock.now()));
    names = next;
    if (reply instanceof MasterReply.Opened o) {
      step(client, clock, new Command.ReleaseLease(o.attr().inode(), o.epoch()));
    }
    return reply;
  }

  private void step(NameClient client, Clock clock, Command command) throws AshlarException {
    int asked = clock.now();
    var _ = client.submit(steps.size() + 1L, command);
    steps.add(new Step(command, names, asked, clock.now()));
  }

  private Command choose(NameClient client, SortedMap<String, String> next) throws AshlarException {
    String fresh = "n" + steps.size() + "x".repeat(random.nextInt(200));
    List<String> files = names.keySet().stream().filter(n -> isFile(n)).toList();
    List<String> all = List.copyOf(names.keySet());
    int what = random.nextInt(10);
    if (all.size() < 3 || what < 2) {
      next.put(fresh, "d");
      return new Command.Mkdir(Attr.ROOT, fresh, 0755, 0, 0);
    }
    if (files.isEmpty() || what < 4) {
      next.put(fresh, "0");
      return new Command.Create(Attr.ROOT, fresh, 0644, 0, 0, true, "");
    }
    String some = all.get(random.nextInt(all.size()));
    String file = files.get(random.nextInt(files.size()));
    if (what < 6) {
      long size = random.nextInt(1_000_000);
      next.put(file, Long.toString(size));
      return new Command.Truncate(client.inode(file), 0, size, 1);
    }
    if (what < 8) {
      next.put(fresh, String.valueOf(next.remove(some)));
      return new Command.Rename(Attr.ROOT, some, Attr.ROOT, fresh, false, false);
    }
    next.remove(some);
    return isFile(some) ? new Command.Unlink(Attr.ROOT, some) : new Command.Rmdir(Attr.ROOT, some);
  }

  private boolean isFile(String name) {
    return !String.valueOf(names.get(name)).equals("d");
  }
}
