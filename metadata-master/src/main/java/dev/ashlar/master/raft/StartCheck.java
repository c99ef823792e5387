package dev.ashlar.master.raft;

import dev.ashlar.protocol.AshlarException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.util.AtomicFileOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides, before the library touches anything, whether what this master promised the others is
 * still in its directory: every log entry that it said to have synced, its vote, the members. If
 * not, it must not take part again, since a majority might count on what it forgot.
 *
 * <p>Bad bytes behind the last promised entry were never promised, if the machine ran on ever since
 * ({@link Promises#sameBoot}): they were being written when the process was killed, and are cut
 * off. After a restart of the machine the newest promise may itself be lost. Then an entry of which
 * a part was never written is what a power cut leaves of one that was not synced, and is cut off.
 * (Only behind a known promise: a directory of an older program may have lost anything there.) One
 * that was written whole and is wrong may be damaged and promised: the master is refused, unless it
 * was told to accept that.
 */
final class StartCheck {
  static final String CONF_FILE = "raft-meta.conf";
  private static final Logger LOG = LoggerFactory.getLogger(StartCheck.class);

  private final RaftSetup setup;
  private final Promises promises;
  private final Promises.Known known;
  private final Path current;

  private StartCheck(RaftSetup setup, Promises promises) {
    this.setup = setup;
    this.promises = promises;
    known = promises.known();
    current = current(setup);
  }

  /** The library's directory with log, vote and members. */
  static Path current(RaftSetup setup) {
    return setup
        .dir()
        .resolve("raft")
        .resolve("log")
        .resolve(setup.group().toString())
        .resolve("current");
  }

  /**
   * Looks at everything. A log that is accepted is on media to its end, whatever syncs failed
   * before, and ends cleanly.
   *
   * @throws AshlarException if this master must not take part
   */
  static LogAudit.Outcome run(RaftSetup setup, Promises promises, Has has) throws IOException {
    return new StartCheck(setup, promises).run(has);
  }

  /**
   * Log indexes, -1 for none.
   *
   * @param newest of the newest snapshot, whatever is in it
   * @param sound of the newest snapshot that is sound
   * @param applied last entry in the store, if it can be used
   */
  record Has(long newest, long sound, long applied) {}

  private LogAudit.Outcome run(Has has) throws IOException {
    if (!Files.exists(current) || isEmpty(current)) {
      if (!known.equals(Promises.Known.NOTHING) || has.applied >= 0 || has.newest >= 0) {
        throw refused(current + " is gone or empty");
      }
      return LogAudit.Outcome.NOTHING;
    }
    LogAudit.Outcome log;
    try {
      log = LogAudit.of(current, RatisProperties.MAX_ENTRY_BYTES);
    } catch (LogAudit.Damaged e) {
      throw refused(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw refused(current + " cannot be read (" + e + ")");
    }
    vote(log);
    members(log);
    long end = Math.max(log.first() < 0 ? has.applied : log.last(), has.sound);
    long had = Math.max(known.index(), Math.max(has.applied, has.newest));
    if (had > end) {
      throw refused(
          "its log in "
              + current
              + " ends at entry "
              + end
              + ", but it had promised to have everything up to "
              + had);
    }
    if (log.torn() >= 0) {
      cutTornEnd(log);
    }
    LogAudit.writeAgain(log, RatisProperties.MAX_ENTRY_BYTES);
    return log;
  }

  /** What the very first start left that was interrupted is nothing. */
  private static boolean isEmpty(Path dir) throws IOException {
    if (!Files.isDirectory(dir)) {
      return false;
    }
    String unfinished = Vote.FILE + AtomicFileOutputStream.TMP_EXTENSION;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(dir)) {
      for (Path file : files) {
        if (!String.valueOf(file.getFileName()).equals(unfinished)) {
          return false;
        }
      }
      return true;
    }
  }

  private void vote(LogAudit.Outcome log) throws IOException {
    Path file = current.resolve(Vote.FILE);
    Vote vote = Vote.read(file);
    if (vote == null) {
      throw refused(file + ", which says how it voted, is damaged or gone");
    }
    Vote before = known.vote();
    if (vote.term() < log.term() || before != null && !vote.canFollow(before)) {
      throw refused(
          file
              + " says that it voted in term "
              + vote.term()
              + ", which is not how it voted last: the file was changed");
    }
  }

  /** The library goes on with the founders if it cannot read this file. */
  private void members(LogAudit.Outcome log) throws IOException {
    Path file = current.resolve(CONF_FILE);
    if (!Files.exists(file) && known.conf() == 0) {
      return;
    }
    byte[] bytes = Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0];
    int crc = Promises.crc(bytes, bytes.length);
    if (bytes.length > 0 && crc == known.conf()) {
      return;
    }
    Integer inLog = log.confs().get(index(bytes));
    if (inLog == null || inLog != crc || bytes.length == 0) {
      if (promises.fresh() && index(bytes) >= 0) {
        return; // written before this program kept promises
      }
      throw refused(file + ", which lists the members, is damaged or gone");
    }
  }

  /** -1 if it cannot be read. */
  private static long index(byte[] conf) {
    try {
      LogEntryProto entry = LogEntryProto.parseFrom(conf);
      return entry.hasConfigurationEntry() ? entry.getIndex() : -1;
    } catch (IOException e) {
      return -1;
    }
  }

  private void cutTornEnd(LogAudit.Outcome log) throws IOException {
    Path file = log.lastFile();
    boolean neverPromised = promises.sameBoot();
    boolean neverWritten = !promises.fresh() && log.unwritten();
    if (file == null || !neverPromised && !neverWritten && !setup.settings().acceptTornEnd()) {
      throw StartFailure.torn(setup, file, log.last());
    }
    LOG.warn(
        "{}: cutting off the end of {} from byte {} on, behind entry {}: {}",
        setup.name(),
        file,
        log.torn(),
        log.last(),
        neverPromised
            ? "it was being written when the process ended, and nobody counts on it"
            : neverWritten
                ? "it was being written when the machine stopped"
                : "told to accept a torn end");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(log.torn());
      channel.force(true);
    }
  }

  private AshlarException refused(String what) {
    return StartFailure.damaged(setup, what);
  }
}
