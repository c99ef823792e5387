package dev.ashlar.master.state;

import static dev.ashlar.master.state.World.attr;
import static dev.ashlar.master.state.World.done;
import static dev.ashlar.master.state.World.refused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.ErrorReply;
import dev.ashlar.protocol.message.MasterReply;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Names, attributes and paths on both stores. */
@ParameterizedClass
@EnumSource(StoreKind.class)
final class NamespaceTest {
  private static final long ROOT = Attr.ROOT;

  private final StoreKind kind;
  private World w;
  @TempDir Path dir;

  NamespaceTest(StoreKind kind) {
    this.kind = kind;
    this.w = new World(new dev.ashlar.master.store.MemoryStore(), "rs-3-2");
  }

  @BeforeEach
  void start() {
    w = new World(kind.open(dir), "rs-3-2").withGroup();
  }

  @AfterEach
  void stop() {
    w.read(txn -> {
      Invariants.check(txn);
      return 0;
    });
    w.close();
  }

  private MasterReply.Resolved resolve(String path, boolean follow) {
    return w.query(q -> q.resolve(path, follow));
  }

  private AshlarException fails(World.Query<?> query) {
    return w.read(txn -> assertThrows(AshlarException.class, () -> query.on(new Queries(txn))));
  }

  @Test
  void pathsAreWalkedOverDotsAndLinks() {
    long a = w.mkdir(ROOT, "a");
    long b = w.mkdir(a, "b");
    long f = w.touch(b, "f");
    attr(w.ask(new Command.Symlink(ROOT, "up", "a/../a/b", 1, 2)));
    attr(w.ask(new Command.Symlink(b, "abs", "/a/b/f", 1, 2)));
    assertEquals(
        new MasterReply.Resolved(w.query(q -> q.attr(f)), b, "f"), resolve("/a/./b//f", true));
    assertEquals(f, resolve("/up/abs", true).attr().inode());
    assertEquals("abs", resolve("/up/abs", false).name());
    assertEquals(b, resolve("/up/", false).attr().inode());
    assertEquals(a, resolve("/up/..", true).attr().inode());
    assertEquals("a", resolve("/up/..", true).name());
    assertEquals(
        new MasterReply.Resolved(w.query(q -> q.attr(ROOT)), 0, ""), resolve("/../..", true));
    assertEquals(ErrorCode.NOT_DIRECTORY, fails(q -> q.resolve("/a/b/f/", true)).code());
    assertEquals(ErrorCode.NOT_DIRECTORY, fails(q -> q.resolve("/a/b/f/x", true)).code());
    AshlarException gone = fails(q -> q.resolve("/a/none", true));
    assertEquals(ErrorCode.NOT_FOUND, gone.code());
    assertEquals("/a/none: no such file or directory", gone.getMessage());
    assertEquals(ErrorCode.INVALID, fails(q -> q.resolve("a", true)).code());
    assertEquals(
        ErrorCode.NAME_TOO_LONG, fails(q -> q.resolve("/" + "x".repeat(256), true)).code());
    assertEquals("a/../a/b", w.query(q -> q.readLink(resolve("/up", false).attr().inode())));
    assertEquals(ErrorCode.INVALID, fails(q -> q.readLink(a)).code());
  }

  @Test
  void linksInALoopEnd() {
    attr(w.ask(new Command.Symlink(ROOT, "x", "y", 1, 2)));
    attr(w.ask(new Command.Symlink(ROOT, "y", "/x", 1, 2)));
    assertEquals(ErrorCode.INVALID, fails(q -> q.resolve("/x", true)).code());
    refused(ErrorCode.INVALID, w.ask(new Command.Symlink(ROOT, "z", "", 1, 2)));
    refused(ErrorCode.NAME_TOO_LONG, w.ask(new Command.Symlink(ROOT, "z", "x".repeat(4096), 1, 2)));
  }

  @Test
  void namesAreChecked() {
    for (String bad : List.of("", ".", "..", "a/b", "a\0b", "\ud800")) {
      refused(ErrorCode.INVALID, w.ask(new Command.Mkdir(ROOT, bad, 0755, 0, 0)));
      refused(ErrorCode.INVALID, w.ask(new Command.Create(ROOT, bad, 0755, 0, 0, true, "")));
    }
    w.mkdir(ROOT, "ü".repeat(127) + "x");
    refused(ErrorCode.NAME_TOO_LONG, w.ask(new Command.Mkdir(ROOT, "ü".repeat(128), 0755, 0, 0)));
    refused(ErrorCode.NOT_FOUND, w.ask(new Command.Mkdir(999, "a", 0755, 0, 0)));
    long f = w.touch(ROOT, "f");
    ErrorReply reply = (ErrorReply) w.ask(new Command.Mkdir(f, "a", 0755, 0, 0));
    assertEquals(new ErrorReply(ErrorCode.NOT_DIRECTORY, "/f: not a directory"), reply);
  }

  @Test
  void parentsShowChanges() {
    w.nowNs = 5_000_000_000L;
    long a = w.mkdir(ROOT, "a");
    Attr root = w.query(q -> q.attr(ROOT));
    assertEquals(3, root.links());
    assertEquals(5_000_000_000L, root.modifiedNs());
    assertEquals(5_000_000_000L, root.changedNs());
    w.nowNs = 4_000_000_000L;
    w.touch(a, "f");
    assertEquals(5_000_000_000L, w.query(q -> q.attr(a)).modifiedNs(), "time never goes back");
    w.nowNs = 6_000_000_000L;
    done(w.ask(new Command.Unlink(a, "f")));
    assertEquals(6_000_000_000L, w.query(q -> q.attr(a)).modifiedNs());
    assertEquals(0, w.query(q -> q.attr(a)).size());
    done(w.ask(new Command.Rmdir(ROOT, "a")));
    assertEquals(2, w.query(q -> q.attr(ROOT)).links());
  }

  @Test
  void setGroupIdIsHandedDown() {
    long a = w.mkdir(ROOT, "a");
    attr(
        w.ask(
            new Command.SetAttr(
                a, Command.SetAttr.MODE | Command.SetAttr.GID, 02775, 0, 42, 0, 0)));
    Attr sub = attr(w.ask(new Command.Mkdir(a, "b", 0755, 1, 2)));
    assertEquals(42, sub.gid());
    assertEquals(02755, sub.mode());
    assertEquals(42, w.create(a, "f").attr().gid());
  }

  @Test
  void removingRefusesWhatItMust() {
    long a = w.mkdir(ROOT, "a");
    w.touch(a, "f");
    refused(ErrorCode.NOT_EMPTY, w.ask(new Command.Rmdir(ROOT, "a")));
    refused(ErrorCode.IS_DIRECTORY, w.ask(new Command.Unlink(ROOT, "a")));
    refused(ErrorCode.NOT_DIRECTORY, w.ask(new Command.Rmdir(a, "f")));
    refused(ErrorCode.NOT_FOUND, w.ask(new Command.Unlink(a, "g")));
    refused(ErrorCode.INVALID, w.ask(new Command.Rmdir(a, "..")));
  }

  @Test
  void renamesAreAtomicAndKeepTheTreeATree() {
    long a = w.mkdir(ROOT, "a");
    long b = w.mkdir(a, "b");
    long f = w.touch(a, "f");
    w.touch(a, "g");
    refused(ErrorCode.INVALID, w.ask(new Command.Rename(ROOT, "a", b, "x", false, false)));
    refused(ErrorCode.INVALID, w.ask(new Command.Rename(ROOT, "a", a, "x", false, false)));
    refused(ErrorCode.INVALID, w.ask(new Command.Rename(a, "b", ROOT, "a", false, true)));
    refused(ErrorCode.EXISTS, w.ask(new Command.Rename(a, "f", a, "g", true, false)));
    refused(ErrorCode.IS_DIRECTORY, w.ask(new Command.Rename(a, "f", a, "b", false, false)));
    refused(ErrorCode.NOT_DIRECTORY, w.ask(new Command.Rename(a, "b", a, "f", false, false)));
    refused(ErrorCode.NOT_EMPTY, w.ask(new Command.Rename(a, "b", ROOT, "a", false, false)));
    refused(ErrorCode.NOT_FOUND, w.ask(new Command.Rename(a, "f", a, "h", false, true)));
    refused(ErrorCode.INVALID, w.ask(new Command.Rename(a, "f", a, "g", true, true)));
    done(w.ask(new Command.Rename(a, "f", a, "g", false, false)));
    assertEquals(f, resolve("/a/g", true).attr().inode());
    long c = w.mkdir(ROOT, "c");
    done(w.ask(new Command.Rename(a, "b", ROOT, "c", false, false)));
    assertEquals(b, resolve("/c", true).attr().inode());
    assertEquals(ErrorCode.NOT_FOUND, fails(q -> q.attr(c)).code());
    assertEquals(2, w.query(q -> q.attr(a)).links());
    done(w.ask(new Command.Rename(a, "g", ROOT, "c", false, true)));
    assertEquals(f, resolve("/c", true).attr().inode());
    assertEquals(b, resolve("/a/g", true).attr().inode());
    assertEquals(3, w.query(q -> q.attr(a)).links());
    assertEquals("/a/g", w.query(q -> q.path(b)));
    done(w.ask(new Command.Rename(ROOT, "c", ROOT, "c", false, false)));
  }

  @Test
  void hardLinksShareOneFile() {
    long a = w.mkdir(ROOT, "a");
    long f = w.touch(ROOT, "f");
    assertEquals(2, attr(w.ask(new Command.HardLink(f, a, "g"))).links());
    assertEquals(3, attr(w.ask(new Command.HardLink(f, a, "h"))).links());
    done(w.ask(new Command.Rename(a, "g", a, "h", false, false)));
    assertEquals(
        3,
        w.query(q -> q.attr(f)).links(),
        "a rename onto another name of the same file does nothing");
    done(w.ask(new Command.Unlink(ROOT, "f")));
    assertEquals("/a/g", w.query(q -> q.path(f)));
    done(w.ask(new Command.Rename(a, "h", ROOT, "i", false, false)));
    done(w.ask(new Command.Unlink(a, "g")));
    assertEquals("/i", w.query(q -> q.path(f)));
    assertEquals(1, w.query(q -> q.attr(f)).links());
    refused(ErrorCode.PERMISSION, w.ask(new Command.HardLink(a, ROOT, "d")));
    refused(ErrorCode.EXISTS, w.ask(new Command.HardLink(f, ROOT, "a")));
    refused(ErrorCode.NOT_FOUND, w.ask(new Command.HardLink(999, ROOT, "z")));
    long staged =
        World.opened(w.ask(new Command.Stage(ROOT, 0600, 0, 0, "", 0, new long[0]))).attr().inode();
    refused(ErrorCode.NOT_FOUND, w.ask(new Command.HardLink(staged, ROOT, "z")));
  }

  @Test
  void attributesAreSetByMask() {
    long f = w.touch(ROOT, "f");
    w.nowNs = 9_000_000_000L;
    Attr a =
        attr(
            w.ask(
                new Command.SetAttr(
                    f,
                    Command.SetAttr.MODE | Command.SetAttr.UID | Command.SetAttr.MODIFIED,
                    0104711,
                    7,
                    8,
                    1,
                    2)));
    assertEquals(04711, a.mode());
    assertEquals(7, a.uid());
    assertEquals(0, a.gid());
    assertEquals(2, a.modifiedNs());
    assertEquals(9_000_000_000L, a.changedNs());
    refused(ErrorCode.INVALID, w.ask(new Command.SetAttr(f, 1 << 20, 0, 0, 0, 0, 0)));
    refused(ErrorCode.NOT_FOUND, w.ask(new Command.SetAttr(99, 1, 0, 0, 0, 0, 0)));
  }

  @Test
  void extendedAttributes() {
    long f = w.touch(ROOT, "f");
    done(w.ask(new Command.SetXattr(f, "user.a", new byte[] {1}, true, false)));
    refused(
        ErrorCode.EXISTS, w.ask(new Command.SetXattr(f, "user.a", new byte[] {2}, true, false)));
    refused(
        ErrorCode.NO_ATTRIBUTE,
        w.ask(new Command.SetXattr(f, "user.b", new byte[] {2}, false, true)));
    done(w.ask(new Command.SetXattr(f, "user.a", new byte[0], false, true)));
    assertEquals(0, w.query(q -> q.xattr(f, "user.a")).length);
    done(w.ask(new Command.SetXattr(f, "user.big", new byte[64 << 10], false, false)));
    refused(
        ErrorCode.TOO_LARGE,
        w.ask(new Command.SetXattr(f, "user.big", new byte[(64 << 10) + 1], false, false)));
    refused(
        ErrorCode.NAME_TOO_LONG,
        w.ask(new Command.SetXattr(f, "x".repeat(256), new byte[0], false, false)));
    refused(ErrorCode.INVALID, w.ask(new Command.SetXattr(f, "", new byte[0], false, false)));
    refused(
        ErrorCode.INVALID, w.ask(new Command.SetXattr(f, "ashlar.x", new byte[0], false, false)));
    assertEquals(List.of("user.a", "user.big"), w.query(q -> q.xattrs(f)));
    done(w.ask(new Command.RemoveXattr(f, "user.a")));
    refused(ErrorCode.NO_ATTRIBUTE, w.ask(new Command.RemoveXattr(f, "user.a")));
    assertEquals(ErrorCode.NO_ATTRIBUTE, fails(q -> q.xattr(f, "user.a")).code());
  }

  @Test
  void policiesAreInheritedFromTheNearestDirectory() {
    long a = w.mkdir(ROOT, "a");
    long b = w.mkdir(a, "b");
    refused(
        ErrorCode.INVALID,
        w.ask(new Command.SetXattr(a, "ashlar.policy", "rs-x".getBytes(UTF_8), false, false)));
    done(
        w.ask(
            new Command.SetXattr(a, "ashlar.policy", "MIRROR-3\n".getBytes(UTF_8), false, false)));
    assertEquals("mirror-3", new String(w.query(q -> q.xattr(a, "ashlar.policy")), UTF_8));
    assertEquals(List.of("ashlar.policy"), w.query(q -> q.xattrs(a)));
    assertEquals("mirror-3", w.create(b, "f").attr().policy());
    assertEquals("rs-3-2", w.create(ROOT, "f").attr().policy());
    assertEquals(
        "xor-2-1",
        World.opened(w.ask(new Command.Create(b, "g", 0, 0, 0, true, "xor-2-1-64k")))
            .attr()
            .policy());
    refused(ErrorCode.INVALID, w.ask(new Command.Create(b, "h", 0, 0, 0, true, "none")));
    refused(
        ErrorCode.INVALID,
        w.ask(
            new Command.SetXattr(
                resolve("/f", true).attr().inode(),
                "ashlar.policy",
                "rs-3-2".getBytes(UTF_8),
                false,
                false)));
    done(w.ask(new Command.RemoveXattr(a, "ashlar.policy")));
    refused(ErrorCode.NO_ATTRIBUTE, w.ask(new Command.RemoveXattr(a, "ashlar.policy")));
    done(w.apply(new LogCommand.SetPolicy("xor-4-1")));
    assertEquals("xor-4-1", w.create(b, "i").attr().policy());
  }

  @Test
  void directoriesAreReadInPages() {
    for (int i = 0; i < 25; i++) {
      w.mkdir(ROOT, "d" + (char) ('a' + i));
    }
    List<String> names = new ArrayList<>();
    boolean more = true;
    while (more) {
      String after = names.isEmpty() ? "" : names.getLast();
      MasterReply.Entries page = w.query(q -> q.readDir(ROOT, after, 10));
      page.entries().forEach(e -> names.add(e.name()));
      more = page.more();
    }
    assertEquals(25, names.size());
    assertEquals(names.stream().sorted().toList(), names);
    assertTrue(w.query(q -> q.readDir(ROOT, "zzz", 10)).entries().isEmpty());
    assertEquals(ErrorCode.INVALID, fails(q -> q.readDir(ROOT, "", 0)).code());
    assertEquals(ErrorCode.INVALID, fails(q -> q.readDir(ROOT, "", 10_001)).code());
    assertEquals(ErrorCode.NAME_TOO_LONG, fails(q -> q.readDir(ROOT, "x".repeat(600), 10)).code());
    long f = w.touch(ROOT, "f");
    assertEquals(ErrorCode.NOT_DIRECTORY, fails(q -> q.readDir(f, "", 10)).code());
  }

  @Test
  void lookupKnowsDots() {
    long a = w.mkdir(ROOT, "a");
    assertEquals(a, w.query(q -> q.lookup(ROOT, "a")).inode());
    assertEquals(ROOT, w.query(q -> q.lookup(a, "..")).inode());
    assertEquals(ROOT, w.query(q -> q.lookup(ROOT, "..")).inode());
    assertEquals(a, w.query(q -> q.lookup(a, ".")).inode());
    assertEquals(ErrorCode.NOT_FOUND, fails(q -> q.lookup(a, "b")).code());
  }
}
