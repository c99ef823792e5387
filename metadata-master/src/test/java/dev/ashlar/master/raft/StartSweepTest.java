package dev.ashlar.master.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.raft.Replicator.Member;
import dev.ashlar.master.store.Applied;
import dev.ashlar.master.store.LmdbStore;
import dev.ashlar.master.store.ReadTxn;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every file of a master that was stopped is damaged at every kind of place, in every way. The
 * master must refuse to take part, in a sentence that says what to do, or still have all it
 * promised: the whole log, its vote, the members, and a store with the very same content, or none
 * and what it is made from.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class StartSweepTest {
  private static final int WRONG_BYTES = 1800;

  private static final int PLACES = 5;

  private final long seed = Long.getLong("ashlar.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private Path root = Path.of("");
  private Path good = Path.of("");
  private RaftSetup setup =
      new RaftSetup("", new java.util.UUID(0, 0), root, "", List.of(), TestGroup.SETTINGS);
  private LogAudit.Outcome whole = LogAudit.Outcome.NOTHING;
  private Map<String, String> content = Map.of();
  private Applied applied = Applied.NOTHING;
  private Vote vote = new Vote(0, false, 0);

  /** One thing that happened to one file. */
  private record Harm(Path file, String what, Change change) {}

  @FunctionalInterface
  private interface Change {
    void to(Path file) throws IOException;
  }

  /** Several log files of several terms, snapshots in between, a store. */
  @BeforeAll
  void fill(@TempDir Path dir) throws Exception {
    System.out.println("StartSweepTest: -Dashlar.seed=" + seed);
    root = dir;
    RaftSettings settings =
        new RaftSettings(
            TestGroup.SETTINGS.timeoutMin(),
            TestGroup.SETTINGS.timeoutMax(),
            1000,
            30,
            8 << 10,
            true,
            1L << 30,
            false);
    try (TestGroup g = new TestGroup(dir, 1, settings)) {
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
          g.count("counter " + "x".repeat(random.nextInt(300)) + i % 7);
        }
        if (round < 2) {
          g.leader().snapshot();
          g.stop("n1");
          g.start("n1");
        }
      }
      g.stop("n1");
      good = g.dir("n1");
      setup = g.setup("n1");
    }
    whole = LogAudit.of(StartCheck.current(setup), RatisProperties.MAX_ENTRY_BYTES);
    vote = java.util.Objects.requireNonNull(vote(good));
    try (LmdbStore store = new LmdbStore(good.resolve("live"), 1L << 30)) {
      content = content(store);
      applied = store.applied();
    }
    assertEquals(null, accepted(good));
    assertTrue(content.size() > 10 && whole.last() > whole.first() + 40, () -> "" + whole);
  }

  @AfterAll
  void said() {
    System.out.println(
        "StartSweepTest: "
            + refusals
            + " refused, "
            + repairs
            + " repaired, "
            + harmless
            + " harmless");
  }

  private int refusals;
  private int repairs;
  private int harmless;

  @Test
  void nothingPromisedIsForgotten() throws IOException {
    sweep(PLACES);
  }

  @Test
  @Tag("slow")
  void nothingPromisedIsForgottenAnywhere() throws IOException {
    for (int i = 0; i < Integer.getInteger("ashlar.rounds", 20); i++) {
      sweep(100);
    }
  }

  /** The same after a restart of the machine, when the store cannot be trusted anyway. */
  @Test
  void nothingPromisedIsForgottenOverARestartOfTheMachine() throws IOException {
    Path before = good;
    Path rebooted = root.resolve("rebooted");
    copy(good, rebooted);
    forgetBoot(rebooted);
    good = rebooted;
    try {
      sweep(PLACES / 2);
    } finally {
      good = before;
    }
  }

  private void sweep(int places) throws IOException {
    for (Path file : files(good)) {
      for (Harm harm : harms(good.relativize(file), Files.size(file), places)) {
        suffer(harm);
      }
    }
  }

  private List<Harm> harms(Path file, long size, int places) throws IOException {
    List<Harm> harms = new java.util.ArrayList<>();
    harms.add(new Harm(file, "removed", Files::delete));
    harms.add(
        new Harm(
            file,
            "is a folder",
            f -> {
              Files.delete(f);
              Files.createDirectory(f);
            }));
    for (int i = 0; i < places && size > 0; i++) {
      long edge = i % 3 == 0 ? Math.min(size, 64) : size;
      long at =
          i % 4 == 3
              ? size - 1 - random.nextLong(Math.min(size, 64))
              : used(good.resolve(file), edge);
      int bit = random.nextInt(8);
      harms.add(new Harm(file, "bit " + bit + " flipped at " + at, f -> flip(f, at, bit)));
      harms.add(new Harm(file, "cut to " + at, f -> resize(f, at)));
      harms.add(new Harm(file, "zeroed from " + at, f -> zero(f, at, size - at)));
      long sector = at / 512 * 512;
      harms.add(
          new Harm(
              file,
              "sector zeroed at " + sector,
              f -> zero(f, sector, Math.min(512, size - sector))));
      harms.add(new Harm(file, "noise at " + at, f -> noise(f, at, Math.min(40, size - at))));
    }
    return harms;
  }

  /** A place before the limit, rather one that is in use than not: much of a store is zeros. */
  private long used(Path file, long limit) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    long at = random.nextLong(limit);
    for (int tries = 0; tries < 200 && bytes[(int) at] == 0; tries++) {
      at = random.nextLong(limit);
    }
    return at;
  }

  private void suffer(Harm harm) throws IOException {
    Path copy = root.resolve("copy");
    deleteTree(copy);
    copy(good, copy);
    harm.change().to(copy.resolve(harm.file()));
    String what = harm.file() + " " + harm.what() + ", seed " + seed;
    boolean same = same(good.resolve(harm.file()), copy.resolve(harm.file()));
    String refusal = accepted(copy);
    if (refusal != null) {
      assertTrue(refusal.contains("masters replace n1"), () -> what + ": " + refusal);
      assertFalse(same, () -> what + " changed nothing, but: " + refusal);
      refusals++;
      return;
    }
    if (harm.file().getFileName().toString().equals(Promises.FILE)) {
      harmless++;
      return;
    }
    RaftSetup at = at(copy);
    LogAudit.Outcome log = LogAudit.of(StartCheck.current(at), RatisProperties.MAX_ENTRY_BYTES);
    assertEquals(
        List.of(whole.last(), whole.term(), -1L),
        List.of(log.last(), log.term(), log.torn()),
        () -> what + ": the log ends elsewhere");
    assertTrue(
        java.util.Objects.requireNonNull(vote(copy)).canFollow(vote),
        () -> what + ": the vote is another one");
    assertEquals(
        Promises.confCrc(StartCheck.current(setup)),
        Promises.confCrc(StartCheck.current(at)),
        () -> what + ": the members are others");
    store(copy, log.first(), what);
  }

  /** What is left of the store is right, or else there is a snapshot or a log from the start. */
  private void store(Path dir, long first, String what) throws IOException {
    Path live = dir.resolve("live");
    if (Files.exists(live)) {
      try (LmdbStore store = new LmdbStore(live, 1L << 30)) {
        assertEquals(content, content(store), () -> what + ": the store is another one");
        assertEquals(applied, store.applied(), () -> what + ": the store is elsewhere");
      }
      harmless++;
      return;
    }
    for (Path file : files(StartCheck.current(at(dir)).resolveSibling("sm"))) {
      if (file.getFileName().toString().matches("snapshot\\.\\d+_\\d+")) {
        assertTrue(
            same(good.resolve(dir.relativize(file).toString()), file),
            () -> what + ": the store would be made from " + file);
      }
    }
    long snapshot =
        SnapshotFiles.newest(
            SnapshotFiles.in(StartCheck.current(at(dir)).resolveSibling("sm")).stream()
                .filter(s -> s.fault() == null)
                .toList());
    assertTrue(snapshot >= first - 1, () -> what + ": the store cannot be made anew");
    repairs++;
  }

  /** Looks as a start does. @return the refusal, null if there was none */
  private @Nullable String accepted(Path dir) throws IOException {
    try {
      Promises promises;
      try {
        promises = Promises.open(dir);
      } catch (IOException e) {
        return String.valueOf(RatisReplicator.unopened(at(dir), e).getMessage());
      }
      try (promises) {
        new LogStateMachine(at(dir), promises, (t, n, c) -> c, (why, cause) -> {}).check();
      }
      return null;
    } catch (AshlarException e) {
      assertEquals(ErrorCode.CORRUPT, e.code(), e.getMessage());
      return e.getMessage();
    }
  }

  private RaftSetup at(Path dir) {
    List<Member> members = setup.members();
    return new RaftSetup("n1", setup.group(), dir, "127.0.0.1:1", members, setup.settings());
  }

  private @Nullable Vote vote(Path dir) throws IOException {
    return Vote.read(StartCheck.current(at(dir)).resolve(Vote.FILE));
  }

  private static Map<String, String> content(LmdbStore store) {
    Map<String, String> all = new TreeMap<>();
    Map<String, String> looked = new HashMap<>();
    try (ReadTxn txn = store.read()) {
      txn.scan(
          new byte[] {0},
          null,
          (k, v) -> {
            all.put(HexFormat.of().formatHex(k), new String(v, UTF_8));
            byte[] found = txn.get(k);
            looked.put(HexFormat.of().formatHex(k), found == null ? "-" : new String(found, UTF_8));
            return true;
          });
    }
    assertEquals(all, looked);
    return all;
  }

  @Test
  void bytesThatNobodyWasToldOfAreCutOffWhileTheMachineRuns() throws IOException {
    Path copy = root.resolve("torn");
    copy(good, copy);
    Path last = lastSegment(copy);
    long size = Files.size(last);
    noise(last, size, 700);
    assertEquals(null, accepted(copy));
    assertEquals(size, Files.size(last));
  }

  /** What a power cut leaves of an entry that was being written. */
  @Test
  void whatWasNeverWrittenIsCutOffAfterAPowerCut() throws IOException {
    List<Change> cuts =
        List.of(
            f -> resize(f, Files.size(f) - 1),
            f -> resize(f, Files.size(f) - WRONG_BYTES + 1),
            f -> zero(f, (Files.size(f) - WRONG_BYTES + 511) / 512 * 512, 512),
            f -> zero(f, (Files.size(f) - 100) / 512 * 512, 100 + (Files.size(f) - 100) % 512));
    for (Change cut : cuts) {
      Path copy = root.resolve("cut");
      deleteTree(copy);
      copy(good, copy);
      forgetBoot(copy);
      Path last = lastSegment(copy);
      long size = Files.size(last);
      write(last, size, wrongEntry());
      cut.to(last);
      assertEquals(null, accepted(copy));
      assertEquals(size, Files.size(last));
    }
  }

  /** Without promises to go by, as in a directory of an older program, nothing is cut off. */
  @Test
  void whereNothingIsKnownNothingIsCutOff() throws IOException {
    Path copy = root.resolve("old");
    copy(good, copy);
    forgetBoot(copy);
    Files.delete(copy.resolve(Promises.FILE));
    assertEquals(null, accepted(copy));
    Files.delete(copy.resolve(Promises.FILE));
    Path last = lastSegment(copy);
    write(last, 8, new byte[] {(byte) 0xFF, (byte) 0xFF, 0x7F});
    long size = Files.size(last);
    assertTrue(accepted(copy) != null);
    assertEquals(size, Files.size(last));
  }

  @Test
  void bytesThatPerhapsSomebodyWasToldOfAreNotCutOff() throws IOException {
    Path copy = root.resolve("perhaps");
    copy(good, copy);
    forgetBoot(copy);
    Path last = lastSegment(copy);
    long size = Files.size(last);
    write(last, size, wrongEntry());
    String refusal = accepted(copy);
    assertTrue(refusal != null && refusal.contains("--accept-torn-end"), refusal);
    assertEquals(size + WRONG_BYTES, Files.size(last), "Nothing was changed");
    RaftSettings s = setup.settings();
    setup =
        new RaftSetup(
            "n1",
            setup.group(),
            setup.dir(),
            setup.raftAddress(),
            setup.members(),
            new RaftSettings(
                s.timeoutMin(),
                s.timeoutMax(),
                s.snapshotThreshold(),
                s.logPreserved(),
                s.segmentBytes(),
                true,
                s.mapSizeBytes(),
                true));
    assertEquals(null, accepted(copy));
    assertEquals(size, Files.size(last));
    resize(last, size - 30);
    assertTrue(accepted(copy) != null, "What is surely lost is not accepted");
  }

  /** The library itself would start with each of these, without the last entries. */
  @Test
  void whatTheLibraryTakesForTheEndOfTheLogIsSeen() throws IOException {
    Path last = lastSegment(good);
    byte[] bytes = Files.readAllBytes(last);
    List<Change> quiet =
        List.of(
            f -> resize(f, bytes.length - 1),
            f -> zero(f, bytes.length / 2, bytes.length - bytes.length / 2),
            f -> noise(f, 8, 2),
            Files::delete);
    for (Change change : quiet) {
      Path copy = root.resolve("quiet");
      deleteTree(copy);
      copy(good, copy);
      forgetBoot(copy);
      change.to(lastSegment(copy));
      assertTrue(accepted(copy) != null);
    }
  }

  @Test
  void aDamagedVoteThatLooksOlderIsRefused() throws IOException {
    Path copy = root.resolve("vote");
    copy(good, copy);
    Path file = StartCheck.current(at(copy)).resolve(Vote.FILE);
    String text = Files.readString(file);
    Files.writeString(file, text.replaceAll("term=\\d+", "term=" + (vote.term() - 1)));
    assertTrue(accepted(copy) != null);
    Files.writeString(file, text.replace("votedFor=n1", "votedFor=n2"));
    assertTrue(accepted(copy) != null);
    Files.writeString(file, text);
    assertEquals(null, accepted(copy));
  }

  /** Makes the directory look as if the machine had been restarted since. */
  static void forgetBoot(Path dir) throws IOException {
    Files.writeString(dir.resolve("live").resolve("boot"), "another boot");
    try (RandomAccessFile file = new RandomAccessFile(dir.resolve(Promises.FILE).toFile(), "rw")) {
      for (int at : new int[] {0, 4096}) {
        byte[] slot = new byte[64];
        file.seek(at);
        file.readFully(slot);
        slot[16] ^= 1;
        ByteBuffer.wrap(slot).putInt(60, Promises.crc(slot, 60));
        file.seek(at);
        file.write(slot);
      }
    }
  }

  private Path lastSegment(Path dir) throws IOException {
    return files(StartCheck.current(at(dir))).stream()
        .filter(f -> f.getFileName().toString().startsWith("log_inprogress"))
        .findFirst()
        .orElseThrow();
  }

  private static List<Path> files(Path dir) throws IOException {
    try (Stream<Path> all = Files.walk(dir)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static boolean same(Path a, Path b) throws IOException {
    return Files.isRegularFile(b) && Files.mismatch(a, b) < 0;
  }

  private static void flip(Path file, long at, int bit) throws IOException {
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.seek(at);
      int old = f.read();
      f.seek(at);
      f.write(old ^ 1 << bit);
    }
  }

  private static void zero(Path file, long at, long length) throws IOException {
    write(file, at, new byte[(int) length]);
  }

  /** An entry of the right form, with a checksum that is wrong. */
  private byte[] wrongEntry() {
    byte[] bytes = new byte[WRONG_BYTES];
    random.nextBytes(bytes);
    int length = WRONG_BYTES - 2 - 4;
    bytes[0] = (byte) (length | 0x80);
    bytes[1] = (byte) (length >> 7);
    return bytes;
  }

  private void noise(Path file, long at, long length) throws IOException {
    byte[] bytes = new byte[(int) length];
    random.nextBytes(bytes);
    bytes[0] |= 1;
    write(file, at, bytes);
  }

  private static void write(Path file, long at, byte[] bytes) throws IOException {
    try (FileChannel f = FileChannel.open(file, StandardOpenOption.WRITE)) {
      f.write(ByteBuffer.wrap(bytes), at);
    }
  }

  private static void resize(Path file, long size) throws IOException {
    try (FileChannel f = FileChannel.open(file, StandardOpenOption.WRITE)) {
      f.truncate(size);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Files.copy(p, to.resolve(from.relativize(p).toString()));
      }
    }
  }

  private static void deleteTree(Path dir) throws IOException {
    if (Files.exists(dir)) {
      try (Stream<Path> all = Files.walk(dir)) {
        for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(p);
        }
      }
    }
  }

  @Test
  void aPromiseIsNotLoweredByWhatIsSyncedBeforeItIsCutOff() throws IOException {
    Path dir = root.resolve("promises");
    try (Promises p = Promises.open(dir)) {
      p.synced(10);
      p.cut(8);
      p.synced(12);
      assertEquals(7, p.known().index(), "Entries that are about to be cut off do not count");
      p.decided(8);
      p.synced(9);
      assertEquals(9, p.known().index());
    }
    try (Promises p = Promises.open(dir)) {
      assertEquals(9, p.known().index());
      assertTrue(p.sameBoot());
    }
    assertThrows(
        IOException.class,
        () -> {
          zero(dir.resolve(Promises.FILE), 0, 5000);
          Promises.open(dir).close();
        });
  }
}
