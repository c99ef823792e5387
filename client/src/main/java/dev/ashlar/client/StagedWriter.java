package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * A put: a staged file without a name, which gets it with its commit. A small file costs two round
 * trips to the master and one to its servers.
 */
final class StagedWriter implements FileWriter {
  /**
   * Sealed chunks are handed to the master when there are so many, so that a commit stays small;
   * nobody sees them before the file has its name.
   */
  private static final int CHUNKS_PER_COMMIT = 256;

  private final ClientServices services;
  private final String name;
  private final Command.Link link;
  private final long modifiedNs;
  private final StagedContent staged;
  private boolean committed;

  private StagedWriter(
      ClientServices services,
      String name,
      Command.Link link,
      long modifiedNs,
      StagedContent staged) {
    this.services = services;
    this.name = name;
    this.link = link;
    this.modifiedNs = modifiedNs;
    this.staged = staged;
  }

  static StagedWriter start(
      ClientServices services, long parent, String fileName, StageOptions options)
      throws AshlarException {
    String name = name(parent, fileName);
    return new StagedWriter(
        services,
        name,
        new Command.Link(parent, fileName, options.replace()),
        options.modifiedNs(),
        StagedContent.start(services, name, parent, options));
  }

  /** A file that is put, for messages. */
  static String name(long parent, String fileName) {
    return "'" + fileName + "' in directory " + parent;
  }

  @Override
  public int write(ByteBuffer source) throws AshlarException {
    checkOpen();
    int count = source.remaining();
    staged.writer().write(source);
    publishSome();
    return count;
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long limit) throws IOException {
    checkOpen();
    long total = 0;
    while (total < limit) {
      long part = Math.min(limit - total, 1L << 30);
      long count = staged.writer().transferFrom(source, part);
      total += count;
      publishSome();
      if (count < part) {
        break;
      }
    }
    return total;
  }

  private void publishSome() throws AshlarException {
    if (staged.writer().sealedChunks() >= CHUNKS_PER_COMMIT) {
      ContentWriter.Publishable some = staged.writer().takeSealed();
      if (!some.chunks().isEmpty()) {
        var _ = commit(some, Command.Link.NONE, false);
      }
    }
  }

  private Attr commit(ContentWriter.Publishable what, Command.Link as, boolean release)
      throws AshlarException {
    long changed = modifiedNs == StageOptions.NOW ? services.world().wallNs() : modifiedNs;
    try {
      return commit(
          services, staged.inode(), staged.epoch(), changed, staged.writer(), what, as, release);
    } catch (AshlarException e) {
      throw e.code() == ErrorCode.CONFLICT
          ? new AshlarException(
              ErrorCode.CONFLICT,
              "Too many disks that took "
                  + name
                  + " were lost or replaced before it was whole: write it again",
              e)
          : e;
    }
  }

  /**
   * Publishes what the writer handed out. If that fails nothing more can be published of it: its
   * chunks are gone, and a size that counts them would fill their place with zeros.
   */
  static Attr commit(
      ClientServices services,
      long inode,
      long epoch,
      long modifiedNs,
      ContentWriter content,
      ContentWriter.Publishable what,
      Command.Link as,
      boolean release)
      throws AshlarException {
    Command.Commit commit =
        new Command.Commit(inode, epoch, what.chunks(), what.size(), modifiedNs, as, release);
    try {
      return services.masters().submit(commit, MasterReply.AttrReply.class).attr();
    } catch (AshlarException e) {
      content.unusable(e);
      throw e;
    }
  }

  @Override
  public long size() {
    return staged.writer().size();
  }

  @Override
  public Attr commit() throws AshlarException {
    checkOpen();
    Attr attr = commit(staged.seal(), link, true);
    committed = true;
    staged.published();
    close();
    return attr;
  }

  private void checkOpen() throws AshlarException {
    if (!staged.isOpen()) {
      throw ended(name, committed);
    }
  }

  /** What a writer says that was committed or closed. */
  static AshlarException ended(String name, boolean committed) {
    return new AshlarException(
        ErrorCode.INVALID,
        name
            + " is already "
            + (committed ? "committed" : "abandoned")
            + ": nothing can be added to it");
  }

  @Override
  public boolean isOpen() {
    return staged.isOpen();
  }

  @Override
  public void close() {
    staged.close();
  }
}
