package dev.ashlar.cluster.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.cluster.crash.MasterStates.State;
import dev.ashlar.master.server.MasterConfig;
import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.master.server.MasterServer;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Starts a lone master on what a crash left, and holds it against the model. */
final class MasterCheck {
  private static final Duration LIMIT = Duration.ofSeconds(150);

  private final Path work;
  private final Peer me;
  private final NameModel model;
  private final Set<String> seen;

  /**
   * @param work for directories of masters; nothing else may be there
   * @param me the recorded master, whose directory below the recorded root has its name
   * @param model made before; not changed any more
   * @param seen what was checked before, by anybody: the same is not checked again
   */
  MasterCheck(Path work, Peer me, NameModel model, Set<String> seen) {
    this.work = work;
    this.me = me;
    this.model = model;
    this.seen = seen;
  }

  void run(State s) throws IOException {
    Path root = work.resolve("state");
    s.recording().materialise(s.recording().ops().size(), s.kept(), root);
    Path dir = root.resolve(me.name());
    if (s.power()) {
      Reboot.pretend(dir);
    }
    try {
      if (seen.add(digest(s, dir))) {
        judge(s, dir);
      }
    } catch (AssertionError | IOException | RuntimeException e) {
      throw new AssertionError(
          s.name() + " at point " + s.point() + (s.power() ? ", power cut" : "") + tree(dir), e);
    } finally {
      delete(root);
    }
  }

  private void judge(State s, Path dir) throws IOException {
    int least = model.acknowledged(s.point());
    int most = model.asked(s.point());
    List<String> fatal = Collections.synchronizedList(new ArrayList<>());
    MasterConfig config = MasterProgram.config(me.name(), dir, List.of(me));
    SortedMap<String, String> end;
    try (MasterServer master = MasterServer.start(config, (why, _) -> fatal.add(why));
        NameClient client = new NameClient(List.of(me.clientAddress()))) {
      master.awaitStarted(LIMIT);
      SortedMap<String, String> found = client.names();
      assertTrue(
          IntStream.rangeClosed(least, most).anyMatch(n -> model.after(n).equals(found)),
          () ->
              "Of "
                  + most
                  + " commands "
                  + least
                  + " were acknowledged. Expected "
                  + model.after(least)
                  + ", found "
                  + found);
      // What was asked for is decided now, once, whether it was before or not.
      for (int n = least; n < most; n++) {
        var _ = client.submit(n + 1L, model.steps().get(n).command());
      }
      if (most == 0) {
        var _ = client.submit(1, new Command.OpenSession("test"));
      }
      assertEquals(model.after(most), client.names());
      var _ =
          client.submit(Math.max(1, most) + 1L, new Command.Mkdir(Attr.ROOT, "new", 0755, 0, 0));
      end = client.names();
      assertEquals("d", end.get("new"));
    }
    if (s.point() % 8 == 0) {
      try (MasterServer master = MasterServer.start(config, (why, _) -> fatal.add(why));
          NameClient client = new NameClient(List.of(me.clientAddress()))) {
        master.awaitStarted(LIMIT);
        assertEquals(end, client.names(), "after another start");
      }
    }
    assertEquals(List.of(), fatal);
  }

  /**
   * Everything that the outcome may depend on: the directory, but for the store that a power cut
   * makes worthless, and which names are right.
   */
  private String digest(State s, Path dir) throws IOException {
    MessageDigest all;
    try {
      all = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
    if (Files.exists(dir)) {
      try (Stream<Path> files = Files.walk(dir)) {
        for (Path file : files.sorted().toList()) {
          String name = dir.relativize(file).toString();
          all.update((name + '\0').getBytes(StandardCharsets.UTF_8));
          if (Files.isRegularFile(file) && !(s.power() && MasterStates.isSoft(name))) {
            all.update(Files.readAllBytes(file));
          }
        }
      }
    }
    return HexFormat.of().formatHex(all.digest())
        + (s.power() ? " power " : " ")
        + model.acknowledged(s.point())
        + ' '
        + model.asked(s.point());
  }

  private static String tree(Path dir) throws IOException {
    if (!Files.exists(dir)) {
      return ", nothing there";
    }
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.walk(dir)) {
      for (Path file : files.sorted().toList()) {
        text.append("\n  ").append(dir.relativize(file));
        if (Files.isRegularFile(file)) {
          text.append(' ').append(Files.size(file));
        }
      }
    }
    return text.toString();
  }

  static void delete(Path root) throws IOException {
    if (Files.exists(root)) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
