package dev.ashlar.cli.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Progress;
import dev.ashlar.cli.TestTerminal;
import dev.ashlar.cli.remote.Destination;
import dev.ashlar.cli.remote.FakeRemote;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PutTest {
  @TempDir Path dir;
  private final FakeRemote remote = new FakeRemote();
  private final List<String> complaints = new CopyOnWriteArrayList<>();
  private final Tasks tasks = new Tasks(4, complaints::add);
  private Path file;

  @BeforeEach
  void makeFile() throws IOException {
    file = Files.writeString(dir.resolve("ä file"), "hello");
  }

  private void put(boolean recursive, String to, Path... sources) throws IOException {
    try (Progress progress = Progress.start("put", TestTerminal.create().terminal())) {
      new Put(remote, tasks, 2, progress, StageOptions.DEFAULT)
          .copy(List.of(sources), Destination.of(remote, to), recursive);
    }
  }

  @Test
  void aNewNameTakesTheFile() throws IOException {
    put(false, "new", file);
    assertEquals("hello", remote.text("/new"));
  }

  @Test
  void aDirectoryTakesTheFileInside() throws IOException {
    remote.mkdir(Attr.ROOT, "d", 0755);
    put(false, "/d/", file);
    assertEquals("hello", remote.text("/d/ä file"));
  }

  @Test
  void anExistingFileIsReplaced() throws IOException {
    put(false, "/x", file);
    Files.writeString(file, "other");
    put(false, "/x", file);
    assertEquals("other", remote.text("/x"));
  }

  @Test
  void aFailedPutLeavesTheOldContent() throws IOException {
    put(false, "/x", file);
    remote.failCommit("x", new AshlarException(ErrorCode.NO_SPACE, "Somebody was faster"));
    Files.writeString(file, "other");
    put(false, "/x", file);
    assertEquals("hello", remote.text("/x"));
    assertEquals(1, tasks.failures());
    assertTrue(complaints.getFirst().contains("Somebody was faster"), complaints::toString);
  }

  @Test
  void aFileWhoseDisksWentIsWrittenAgain() throws IOException {
    remote.failCommit("x", new AshlarException(ErrorCode.CONFLICT, "Disks were lost"));
    put(false, "/x", file);
    assertEquals("hello", remote.text("/x"));
    assertEquals(0, tasks.failures());
  }

  @Test
  void theParentMustBeThere() {
    FailedException e = assertThrows(FailedException.class, () -> put(false, "/no/such", file));
    assertTrue(String.valueOf(e.getMessage()).contains("mkdir -p /no"), e::getMessage);
  }

  @Test
  void aSlashAtTheEndWantsADirectory() throws IOException {
    put(false, "/new/", file);
    assertEquals(1, tasks.failures());
    assertNull(remote.text("/new"));
  }

  @Test
  void aFileNeverTakesTheNameOfADirectory() throws IOException {
    Attr d = remote.mkdir(Attr.ROOT, "d", 0755);
    remote.mkdir(d.inode(), "ä file", 0755);
    put(false, "/d", file);
    assertEquals(1, tasks.failures());
    assertTrue(complaints.getFirst().contains("is a directory"), complaints::toString);
  }

  @Test
  void aDirectoryNeedsTheFlag() throws IOException {
    put(false, "/d", dir);
    assertEquals(1, tasks.failures());
    assertTrue(complaints.getFirst().contains("put -r"), complaints::toString);
  }

  @Test
  void aTreeKeepsItsModesTimesAndLinks() throws IOException {
    Path tree = Files.createDirectories(dir.resolve("tree/sub"));
    Path inner = Files.writeString(tree.resolve("run"), "#!");
    Files.setPosixFilePermissions(inner, PosixFilePermissions.fromString("rwxr-x---"));
    Files.setLastModifiedTime(inner, FileTime.fromMillis(1_000_000_007_000L));
    Files.createSymbolicLink(tree.resolve("link"), Path.of("run"));
    Files.setLastModifiedTime(tree, FileTime.fromMillis(1_100_000_000_000L));
    put(true, "/", dir.resolve("tree"));
    assertEquals(0, tasks.failures(), complaints::toString);
    assertEquals("#!", remote.text("/tree/sub/run"));
    assertEquals("#!", remote.text("/tree/sub/link"));
    Attr a = remote.resolve("/tree/sub/run", true).attr();
    assertEquals(0750, a.mode());
    assertEquals(1_000_000_007_000_000_000L, a.modifiedNs());
    assertEquals(1_100_000_000_000_000_000L, remote.resolve("/tree/sub", true).attr().modifiedNs());
  }

  @Test
  void aTreeMergesIntoAnExistingOne() throws IOException {
    Files.createDirectories(dir.resolve("t"));
    Files.writeString(dir.resolve("t/one"), "1");
    put(true, "/", dir.resolve("t"));
    Files.delete(dir.resolve("t/one"));
    Files.writeString(dir.resolve("t/two"), "2");
    Files.createSymbolicLink(dir.resolve("t/three"), Path.of("two"));
    put(true, "/", dir.resolve("t"));
    put(true, "/", dir.resolve("t"));
    assertEquals(0, tasks.failures(), complaints::toString);
    assertEquals("1", remote.text("/t/one"));
    assertEquals("2", remote.text("/t/two"));
    assertEquals("2", remote.text("/t/three"));
  }

  @Test
  void aFileIsWrittenThroughALinkOfItsName() throws IOException {
    put(false, "/real", file);
    remote.symlink(Attr.ROOT, "link", "real");
    Files.writeString(file, "through");
    put(false, "/link", file);
    assertEquals("through", remote.text("/real"));
    assertEquals("real", remote.readlink(remote.resolve("/link", false).attr().inode()));
  }

  @Test
  void aLinkThatLeadsNowhereIsNoTarget() throws IOException {
    remote.symlink(Attr.ROOT, "link", "nowhere");
    assertThrows(FailedException.class, () -> put(false, "/link", file));
  }

  @Test
  void onceTheClusterIsGoneNothingFurtherIsTried() throws IOException {
    Files.createDirectories(dir.resolve("many"));
    for (int i = 0; i < 500; i++) {
      Files.writeString(dir.resolve("many/" + i), "x");
      remote.failCommit("" + i, new AshlarException(ErrorCode.UNAVAILABLE, "No master"));
    }
    put(true, "/", dir.resolve("many"));
    assertTrue(tasks.stopped());
    assertEquals(1, complaints.size(), complaints::toString);
  }
}
