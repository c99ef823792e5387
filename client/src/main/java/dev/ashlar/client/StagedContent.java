package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterReply.Opened;

/**
 * A staged file without a name, leased to this client, and the writer of its bytes. It vanishes if
 * it is closed before it was {@link #published}. For one thread at a time.
 */
final class StagedContent implements AutoCloseable {
  private final ClientServices services;
  private final String name;
  private final long inode;
  private final long epoch;
  private final Policy policy;
  private final ContentWriter writer;
  private boolean open = true;
  private boolean published;

  private StagedContent(
      ClientServices services, String name, Opened opened, Policy policy, ContentWriter writer) {
    this.services = services;
    this.name = name;
    this.inode = opened.attr().inode();
    this.epoch = opened.epoch();
    this.policy = policy;
    this.writer = writer;
  }

  /**
   * Stages a file.
   *
   * @param name for messages
   * @param parent directory whose policy it gets unless the options name one
   */
  static StagedContent start(
      ClientServices services, String name, long parent, StageOptions options)
      throws AshlarException {
    int chunks = options.expectedSize() == 0 ? 0 : 1;
    ClientConfig config = services.config();
    Opened opened =
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
                Opened.class);
    return of(services, name, opened, options.expectedSize());
  }

  /**
   * What was staged already.
   *
   * @param expectedSize bytes that will come, -1 if unknown
   */
  static StagedContent of(ClientServices services, String name, Opened opened, long expectedSize)
      throws AshlarException {
    services.keepAlive().holdLease(opened.epoch());
    try {
      Policy policy = policy(opened.attr());
      long expected =
          expectedSize < 0
              ? Long.MAX_VALUE
              : (expectedSize + policy.chunkBytes() - 1) / policy.chunkBytes();
      PlaceSource places =
          new PlaceSource(
              services.masters(),
              opened.attr().inode(),
              opened.epoch(),
              0,
              expected,
              opened.chunks());
      ContentWriter writer =
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
      return new StagedContent(services, name, opened, policy, writer);
    } catch (AshlarException e) {
      abandon(services, opened.attr().inode(), opened.epoch());
      throw e;
    }
  }

  /** The policy of a file. */
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

  long inode() {
    return inode;
  }

  long epoch() {
    return epoch;
  }

  Policy policy() {
    return policy;
  }

  ContentWriter writer() {
    return writer;
  }

  /** Whether it was not closed yet. */
  boolean isOpen() {
    return open;
  }

  /** Makes all bytes durable, to be published now. */
  ContentWriter.Publishable seal() throws AshlarException {
    writer.seal();
    if (services.keepAlive().isLost(epoch)) {
      throw new AshlarException(
          ErrorCode.LEASE_LOST,
          "The masters did not hear of this client for too long and dropped "
              + name
              + ": write it again");
    }
    return writer.takeSealed();
  }

  /** A commit took the lease: there is nothing to give back. */
  void published() {
    published = true;
  }

  @Override
  public void close() {
    if (!open) {
      return;
    }
    open = false;
    writer.close();
    if (published) {
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
