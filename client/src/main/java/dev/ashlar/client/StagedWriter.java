package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
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
  private final long inode;
  private final long epoch;
  private final ContentWriter content;
  private final long modifiedNs;
  private boolean open = true;
  private boolean committed;

  private StagedWriter(
      ClientServices services,
      String name,
      Command.Link link,
      long inode,
      long epoch,
      long modifiedNs,
      ContentWriter content) {
    this.services = services;
    this.name = name;
    this.link = link;
    this.inode = inode;
    this.epoch = epoch;
    this.modifiedNs = modifiedNs;
    this.content = content;
  }

  static StagedWriter start(
      ClientServices services, long parent, String fileName, StageOptions options)
      throws AshlarException {
    String name = "'" + fileName + "' in directory " + parent;
    int chunks = options.expectedSize() == 0 ? 0 : 1;
    ClientConfig config = services.config();
    MasterReply.Opened opened =
        services
            .masters()
            .submit(
                new Command.Stage(
                    parent,
                    options.mode(),
                    config.uid(),
                    config.gid(),
                    options.policy(),
                    chunks,
                    new long[0]),
                MasterReply.Opened.class);
    services.keepAlive().holdLease(opened.epoch());
    try {
      Policy policy = policy(opened.attr());
      long expected =
          options.expectedSize() < 0
              ? Long.MAX_VALUE
              : (options.expectedSize() + policy.chunkBytes() - 1) / policy.chunkBytes();
      PlaceSource places =
          new PlaceSource(
              services.masters(),
              opened.attr().inode(),
              opened.epoch(),
              0,
              expected,
              opened.chunks());
      ContentWriter content =
          new ContentWriter(
              name,
              services,
              policy,
              places,
              0,
              false,
              (offset, target) -> {
                throw new AshlarException(
                    ErrorCode.INTERNAL, "A new file has no bytes to read again");
              });
      return new StagedWriter(
          services,
          name,
          new Command.Link(parent, fileName, options.replace()),
          opened.attr().inode(),
          opened.epoch(),
          options.modifiedNs(),
          content);
    } catch (AshlarException e) {
      abandon(services, opened.attr().inode(), opened.epoch());
      throw e;
    }
  }

  static Policy policy(Attr attr) throws AshlarException {
    try {
      return Policy.parse(attr.policy());
    } catch (IllegalArgumentException e) {
      throw new AshlarException(
          ErrorCode.INTERNAL,
          "The master names a policy that this client does not know for inode "
              + attr.inode()
              + ": "
              + e.getMessage(),
          e);
    }
  }

  @Override
  public int write(ByteBuffer source) throws AshlarException {
    checkOpen();
    int count = source.remaining();
    content.write(source);
    publishSome();
    return count;
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long limit) throws IOException {
    checkOpen();
    long total = 0;
    while (total < limit) {
      long part = Math.min(limit - total, 1L << 30);
      long count = content.transferFrom(source, part);
      total += count;
      publishSome();
      if (count < part) {
        break;
      }
    }
    return total;
  }

  private void publishSome() throws AshlarException {
    if (content.sealedChunks() >= CHUNKS_PER_COMMIT) {
      ContentWriter.Publishable some = content.takeSealed();
      if (!some.chunks().isEmpty()) {
        var _ = commit(some, Command.Link.NONE, false);
      }
    }
  }

  private Attr commit(ContentWriter.Publishable what, Command.Link as, boolean release)
      throws AshlarException {
    long changed = modifiedNs == StageOptions.NOW ? services.world().wallNs() : modifiedNs;
    try {
      return commit(services, inode, epoch, changed, content, what, as, release);
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
    return content.size();
  }

  @Override
  public Attr commit() throws AshlarException {
    checkOpen();
    content.seal();
    if (services.keepAlive().isLost(epoch)) {
      throw new AshlarException(
          ErrorCode.LEASE_LOST,
          "The masters did not hear of this client for too long and dropped "
              + name
              + ": write it again");
    }
    Attr attr = commit(content.takeSealed(), link, true);
    committed = true;
    close();
    return attr;
  }

  private void checkOpen() throws AshlarException {
    if (!open) {
      throw new AshlarException(
          ErrorCode.INVALID,
          name
              + " is already "
              + (committed ? "committed" : "abandoned")
              + ": nothing can be added to it");
    }
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    content.close();
    if (committed) {
      services.keepAlive().dropLease(epoch);
    } else {
      abandon(services, inode, epoch);
    }
  }

  /** Gives the lease back, and with it all that was staged; if that fails the lease runs out. */
  private static void abandon(ClientServices services, long inode, long epoch) {
    services.keepAlive().dropLease(epoch);
    services
        .world()
        .startLight(
            "ashlar-client-abandon",
            () -> {
              try {
                services
                    .masters()
                    .submit(new Command.ReleaseLease(inode, epoch), MasterReply.Done.class);
              } catch (AshlarException e) {
                // Nobody renews the lease: it runs out by itself.
              }
            });
  }
}
