package dev.ashlar.cli.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ashlar.cli.Progress;
import dev.ashlar.cli.TestTerminal;
import dev.ashlar.cli.remote.FakeRemote;
import dev.ashlar.client.AttrChange;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GetTest {
  @TempDir Path dir;
  private final FakeRemote remote = new FakeRemote();
  private final List<String> complaints = new CopyOnWriteArrayList<>();
  private final Tasks tasks = new Tasks(4, complaints::add);

  @BeforeEach
  void store() throws IOException {
    file(Attr.ROOT, "f", "hello");
  }

  private Attr file(long parent, String name, String text) throws IOException {
    try (FileWriter w = remote.stage(parent, name, StageOptions.DEFAULT)) {
      w.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
      return w.commit();
    }
  }

  private void get(boolean recursive, Path to, String... sources) throws IOException {
    try (Progress progress = Progress.start("get", TestTerminal.create().terminal());
        Get get = new Get(remote, tasks, progress)) {
      get.copy(List.of(sources), LocalDestination.of(to.toString()), recursive);
    }
  }

  private List<String> names(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(p -> String.valueOf(p.getFileName())).sorted().toList();
    }
  }

  @Test
  void aNewNameTakesTheFile() throws IOException {
    get(false, dir.resolve("x"), "/f");
    assertEquals("hello", Files.readString(dir.resolve("x")));
    assertEquals(List.of("x"), names(dir));
  }

  @Test
  void aDirectoryTakesItInside() throws IOException {
    get(false, dir, "f");
    assertEquals("hello", Files.readString(dir.resolve("f")));
  }

  @Test
  void bytesThatDoNotComeLeaveTheOldFileAndNothingElse() throws IOException {
    Files.writeString(dir.resolve("f"), "old");
    remote.truncateContent("/f", 3);
    get(false, dir, "/f");
    assertEquals(1, tasks.failures());
    assertEquals("old", Files.readString(dir.resolve("f")));
    assertEquals(List.of("f"), names(dir));
  }

  @Test
  void aReplacedFileKeepsItsMode() throws IOException {
    Path target = Files.writeString(dir.resolve("f"), "old");
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-------"));
    get(false, dir, "/f");
    assertEquals("hello", Files.readString(target));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
  }

  @Test
  void aFileIsWrittenThroughALocalLink() throws IOException {
    Path real = Files.writeString(dir.resolve("real"), "old");
    Files.createSymbolicLink(dir.resolve("link"), Path.of("real"));
    get(false, dir.resolve("link"), "/f");
    assertEquals("hello", Files.readString(real));
    assertTrue(Files.isSymbolicLink(dir.resolve("link")));
  }

  @Test
  void aDeviceIsWrittenToAsItIs() throws IOException {
    get(false, Path.of("/dev/null"), "/f");
    assertEquals(0, tasks.failures(), complaints::toString);
    assertFalse(Files.isRegularFile(Path.of("/dev/null")));
  }

  /** /dev/shm holds ordinary files: what is below /dev is not for that a device. */
  @Test
  void aFileBelowDevIsReplacedAsAWhole() throws IOException {
    Path shm = Path.of("/dev/shm");
    assumeTrue(Files.isWritable(shm));
    Path there = Files.createTempDirectory(shm, "ashlar-test");
    try {
      Path target = there.resolve("x");
      get(false, target, "/f");
      get(false, target, "/f");
      assertEquals(0, tasks.failures(), complaints::toString);
      assertEquals("hello", Files.readString(target));
      assertEquals(List.of("x"), names(there));
    } finally {
      Files.deleteIfExists(there.resolve("x"));
      Files.delete(there);
    }
  }

  /** They may lead to files that others write to as well. */
  @Test
  void anOpenFileIsWrittenToAsItIs() throws IOException {
    for (String name : List.of("/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/2")) {
      assertNull(LocalDestination.file(Path.of(name), true), name);
    }
  }

  @Test
  void aTreeComesBackWithModesTimesAndLinks() throws IOException {
    Attr d = remote.mkdir(Attr.ROOT, "d", 0755);
    Attr f = file(d.inode(), "run", "#!");
    remote.setattr(f.inode(), AttrChange.NONE.mode(0751).modifiedNs(1_000_000_007_123_000_000L));
    remote.symlink(d.inode(), "link", "run");
    remote.setattr(d.inode(), AttrChange.NONE.mode(0500).modifiedNs(1_100_000_000_000_000_000L));
    get(true, dir.resolve("new"), "/d");
    assertEquals(0, tasks.failures(), complaints::toString);
    Path run = dir.resolve("new/run");
    assertEquals("rwxr-x--x", PosixFilePermissions.toString(Files.getPosixFilePermissions(run)));
    assertEquals(1_000_000_007_123L, Files.getLastModifiedTime(run).toMillis());
    assertEquals("run", Files.readSymbolicLink(dir.resolve("new/link")).toString());
    assertEquals(
        "r-x------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(dir.resolve("new"))));
    assertEquals(1_100_000_000_000L, Files.getLastModifiedTime(dir.resolve("new")).toMillis());
    Files.setPosixFilePermissions(dir.resolve("new"), PosixFilePermissions.fromString("rwx------"));
  }

  /** What a link in the cluster once said must not choose where a later get writes. */
  @Test
  void aDirectoryIsNotMadeThroughALocalLink() throws IOException {
    Path outside = Files.createDirectory(dir.resolve("outside"));
    Path into = Files.createDirectory(dir.resolve("into"));
    Files.createDirectories(into.resolve("t"));
    Files.createSymbolicLink(into.resolve("t/x"), outside);
    Attr t = remote.mkdir(Attr.ROOT, "t", 0755);
    file(remote.mkdir(t.inode(), "x", 0755).inode(), "f", "evil");
    file(t.inode(), "y", "good");
    get(true, into, "/t");
    assertEquals(1, tasks.failures());
    assertTrue(complaints.getFirst().contains("symbolic link"), complaints::toString);
    assertEquals(List.of(), names(outside));
    assertEquals("good", Files.readString(into.resolve("t/y")));
    get(true, into.resolve("t"), "/t/x");
    assertEquals(2, tasks.failures());
    assertEquals(List.of(), names(outside));
  }

  @Test
  void aFileTakesThePlaceOfALocalLink() throws IOException {
    Path outside = Files.writeString(dir.resolve("outside"), "mine");
    Path into = Files.createDirectory(dir.resolve("into"));
    Files.createDirectory(into.resolve("t"));
    Files.createSymbolicLink(into.resolve("t/file"), outside);
    Files.createSymbolicLink(into.resolve("t/directory"), dir);
    Files.createSymbolicLink(into.resolve("t/nothing"), Path.of("nowhere"));
    Files.createSymbolicLink(into.resolve("f"), outside);
    Attr t = remote.mkdir(Attr.ROOT, "t", 0755);
    for (String name : List.of("file", "directory", "nothing")) {
      file(t.inode(), name, name);
    }
    get(true, into, "/t");
    get(false, into, "/f");
    assertEquals(0, tasks.failures(), complaints::toString);
    assertEquals("mine", Files.readString(outside));
    for (String name : List.of("file", "directory", "nothing")) {
      assertFalse(Files.isSymbolicLink(into.resolve("t").resolve(name)));
      assertEquals(name, Files.readString(into.resolve("t").resolve(name)));
    }
    assertEquals("hello", Files.readString(into.resolve("f")));
  }

  /** The destination itself is followed: who typed it knows where it leads. */
  @Test
  void theDestinationMayBeALink() throws IOException {
    Path real = Files.createDirectory(dir.resolve("real"));
    Path link = Files.createSymbolicLink(dir.resolve("link"), Path.of("real"));
    get(true, link, "/");
    assertEquals(0, tasks.failures(), complaints::toString);
    assertEquals(List.of("f"), names(real));
  }

  @Test
  void aDirectoryNeedsTheFlag() throws IOException {
    remote.mkdir(Attr.ROOT, "d", 0755);
    get(false, dir, "/d", "/f");
    assertEquals(1, tasks.failures());
    assertEquals(List.of("f"), names(dir));
  }

  @Test
  void aDirectoryIsNeverReplacedByAFile() throws IOException {
    Files.createDirectory(dir.resolve("f"));
    get(false, dir, "/f");
    assertEquals(1, tasks.failures());
    assertTrue(Files.isDirectory(dir.resolve("f")));
  }

  @Test
  void aNameThatWouldLeaveTheTargetIsRefused() throws IOException {
    Attr d = remote.mkdir(Attr.ROOT, "d", 0755);
    file(d.inode(), "..", "evil");
    file(d.inode(), "a/b", "evil");
    get(true, dir, "/d");
    assertEquals(2, tasks.failures());
    assertEquals(List.of("d"), names(dir));
    assertEquals(List.of(), names(dir.resolve("d")));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFileThatIsReplacedMeanwhileIsTakenAsItIsNow(boolean recursive) throws IOException {
    Attr d = remote.mkdir(Attr.ROOT, "d", 0755);
    file(d.inode(), "f", "old");
    remote.beforeReading(() -> {
      Attr fresh = file(d.inode(), "f", "new bytes");
      remote.setattr(fresh.inode(), AttrChange.NONE.mode(0600).modifiedNs(1_000_000_000L));
    });
    get(recursive, dir.resolve("x"), recursive ? "/d" : "/d/f");
    assertEquals(0, tasks.failures(), complaints::toString);
    Path copy = dir.resolve(recursive ? "x/f" : "x");
    assertEquals("new bytes", Files.readString(copy));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(copy)));
    if (recursive) {
      assertEquals(1000, Files.getLastModifiedTime(copy).toMillis());
    }
  }

  @Test
  void aFileThatIsRemovedMeanwhileIsNotThere() throws IOException {
    remote.beforeReading(() -> remote.remove("/f"));
    get(false, dir, "/f");
    assertEquals(1, tasks.failures());
    assertTrue(complaints.getFirst().contains("NOT_FOUND: f"), complaints::toString);
    assertEquals(List.of(), names(dir));
  }

  /** A symbolic link that took a file's place is not followed where links are kept. */
  @Test
  void aTreeTakesNothingThroughANewLink() throws IOException {
    Attr d = remote.mkdir(Attr.ROOT, "d", 0755);
    file(d.inode(), "g", "old");
    remote.beforeReading(() -> {
      remote.remove("/d/g");
      remote.symlink(d.inode(), "g", "/f");
    });
    get(true, dir.resolve("x"), "/d");
    assertEquals(1, tasks.failures());
    assertEquals(List.of(), names(dir.resolve("x")));
  }
}
