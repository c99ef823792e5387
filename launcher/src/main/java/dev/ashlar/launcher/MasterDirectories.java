package dev.ashlar.launcher;

import dev.ashlar.cli.FailedException;
import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.ClientConfig;
import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Masters of a local cluster whose directory was lost. What such a master had promised is lost, so
 * a new one under a new name takes its place.
 */
final class MasterDirectories {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration MASTER_PATIENCE = Duration.ofSeconds(20);
  private static final long POLL_MS = 300;

  private MasterDirectories() {}

  /**
   * Which masters of a cluster that was up before have nothing left, from 1.
   *
   * @throws FailedException if too many for the others to know everything
   */
  static List<Integer> wiped(ClusterDirectory directory, ClusterSettings settings)
      throws IOException {
    List<Integer> wiped = new ArrayList<>();
    for (int i = 1; i <= settings.masters(); i++) {
      if (empty(directory.master(settings.masterNames().get(i - 1)))) {
        wiped.add(i);
      }
    }
    if (wiped.size() * 2 >= settings.masters() && !wiped.isEmpty()) {
      throw new FailedException(
          String.join(", ", wiped.stream().map(i -> settings.masterNames().get(i - 1)).toList())
              + " of "
              + settings.masters()
              + (settings.masters() == 1 ? " master" : " masters")
              + " lost what was in "
              + directory.root().resolve("masters")
              + ", and with it the names of all files may be lost: put the directories back, or start anew in another --dir");
    }
    return wiped;
  }

  private static boolean empty(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return true;
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.findAny().isEmpty();
    }
  }

  /**
   * Has the others take the new master, which runs already, in place of the old one. Repeated until
   * it is there.
   *
   * @param index of the master, from 1, with its new name in the settings
   */
  static void replace(ClusterSettings settings, int index, String old, Supplier<String> dead)
      throws IOException, InterruptedException {
    List<String> others =
        IntStream.rangeClosed(1, settings.masters())
            .filter(i -> i != index)
            .mapToObj(i -> ClusterSettings.HOST + ":" + settings.masterPort(i))
            .toList();
    String raft = ClusterSettings.HOST + ":" + settings.raftPort(index);
    String client = ClusterSettings.HOST + ":" + settings.masterPort(index);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (AshlarFileSystem fs =
        AshlarFileSystem.connect(
            ClientConfig.of(others)
                .withMasterDeadline(MASTER_PATIENCE)
                .withMasterTry(MASTER_PATIENCE))) {
      while (true) {
        try {
          fs.administer(
              "replace-master", List.of(old, settings.masterNames().get(index - 1), raft, client));
          return;
        } catch (AshlarException e) {
          if (!dead.get().isEmpty() || deadline - System.nanoTime() < 0) {
            throw new FailedException(
                "The other masters did not take "
                    + settings.masterNames().get(index - 1)
                    + " in place of "
                    + old
                    + ": "
                    + e.getMessage()
                    + " "
                    + dead.get(),
                e);
          }
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      }
    }
  }
}
