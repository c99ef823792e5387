package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.CommittedChunk;
import dev.ashlar.protocol.message.MasterReply;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes one pack: the bytes of some small files one after the other as a staged file, and one
 * command that gives all of them their names. For one thread at a time per call.
 */
final class PackWriter {
  /**
   * How often a pack that could not be committed, because its disks or its lease were lost, is
   * written again.
   */
  static final int TRIES = 3;

  private final ClientServices services;
  private final SparePack spare;

  PackWriter(ClientServices services, SparePack spare) {
    this.services = services;
    this.spare = spare;
  }

  /** A file and the offset of its bytes in the pack. */
  private record Placed(SmallFile file, long offset) {}

  /**
   * Tells each file its outcome, but for those returned, which no pack can take.
   *
   * @param more whether to have another pack staged, as more files may come
   */
  List<SmallFile> write(List<SmallFile> files, boolean more) {
    List<SmallFile> left = new ArrayList<>(files);
    for (int i = 1; ; i++) {
      try {
        return written(left, more);
      } catch (AshlarException e) {
        if (i == TRIES || !dropped(e)) {
          left.forEach(f ->
              f.outcome()
                  .completeExceptionally(
                      new AshlarException(e.code(), f.title() + ": " + e.getMessage(), e)));
          return List.of();
        }
      } catch (RuntimeException e) { // a bug: those who wait are to see it
        left.forEach(f -> f.outcome().completeExceptionally(e));
        return List.of();
      }
    }
  }

  /** Whether it says that what was staged is gone, and nothing was published. */
  static boolean dropped(AshlarException e) {
    return e.code() == ErrorCode.CONFLICT || e.code() == ErrorCode.LEASE_LOST;
  }

  private List<SmallFile> written(List<SmallFile> files, boolean more) throws AshlarException {
    if (files.stream().allMatch(f -> f.bytes() == 0)) {
      List<Placed> empty = files.stream().map(f -> new Placed(f, 0)).toList();
      return settle(empty, commit(0, 0, List.of(), empty, false).outcomes());
    }
    String policy = files.getFirst().options().policy();
    try (StagedContent pack = staged(files.getFirst(), policy)) {
      List<Placed> taken = new ArrayList<>();
      List<SmallFile> others = new ArrayList<>();
      long bytes = 0;
      for (SmallFile file : files) {
        if (bytes + file.bytes() <= pack.policy().chunkBytes()) {
          taken.add(new Placed(file, bytes));
          pack.writer().write(file.content().duplicate());
          bytes += file.bytes();
        } else {
          others.add(file);
        }
      }
      if (bytes == 0) {
        return files;
      }
      List<CommittedChunk> chunks = pack.seal().chunks();
      MasterReply.Packed packed = commit(pack.inode(), pack.epoch(), chunks, taken, more);
      pack.published();
      List<SmallFile> strangers = settle(taken, packed.outcomes());
      if (packed.next() != null) {
        spare.put(policy, packed.next(), strangers.isEmpty());
      }
      others.addAll(strangers);
      return others;
    }
  }

  private StagedContent staged(SmallFile first, String policy) throws AshlarException {
    StagedContent left = spare.take(policy);
    return left != null
        ? left
        : StagedContent.start(
            services,
            SparePack.NAME,
            first.parent(),
            StageOptions.DEFAULT.withMode(0).withPolicy(policy).withExpectedSize(1));
  }

  private MasterReply.Packed commit(
      long inode, long epoch, List<CommittedChunk> chunks, List<Placed> files, boolean next)
      throws AshlarException {
    ClientConfig config = services.config();
    List<Command.PackedFile> named = new ArrayList<>();
    for (Placed placed : files) {
      SmallFile file = placed.file;
      StageOptions o = file.options();
      named.add(
          new Command.PackedFile(
              new Command.Link(file.parent(), file.name(), o.replace()),
              o.mode(),
              config.uid(),
              config.gid(),
              o.policy(),
              placed.offset,
              file.bytes(),
              o.modifiedNs() == StageOptions.NOW ? services.world().wallNs() : o.modifiedNs()));
    }
    MasterReply.Packed reply =
        services
            .masters()
            .submit(
                new Command.CommitPack(inode, epoch, chunks, named, List.of(), next, new long[0]),
                MasterReply.Packed.class);
    if (reply.outcomes().size() != files.size()) {
      throw new AshlarException(
          ErrorCode.INTERNAL,
          "The master told the outcome of "
              + reply.outcomes().size()
              + " files, but was asked to make "
              + files.size());
    }
    return reply;
  }

  /** Returns those whose policy is not that of the pack. */
  private static List<SmallFile> settle(
      List<Placed> files, List<MasterReply.PackedOutcome> outcomes) {
    List<SmallFile> others = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      SmallFile file = files.get(i).file;
      MasterReply.PackedOutcome outcome = outcomes.get(i);
      if (outcome.attr() != null) {
        file.outcome().complete(outcome.attr());
      } else if (outcome.refusal() == null || outcome.refusal().code() == ErrorCode.CONFLICT) {
        others.add(file);
      } else {
        file.outcome()
            .completeExceptionally(
                new AshlarException(outcome.refusal().code(), outcome.refusal().detail()));
      }
    }
    return others;
  }
}
