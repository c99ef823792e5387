package dev.ashlar.client;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply.Pack;
import dev.ashlar.protocol.message.MasterReply.PackFile;
import dev.ashlar.protocol.message.MasterReply.PackFiles;
import dev.ashlar.protocol.message.MasterReply.Packed;
import dev.ashlar.protocol.message.MasterReply.Packs;
import dev.ashlar.protocol.message.MasterRequest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Copies what is left in sparse packs, and what lies in small ones, together into new packs; the
 * old ones go when nothing is left in them. Whoever reads meanwhile goes on in the old pack, which
 * is pinned, and a file that changes meanwhile is left where it is: the masters move a file only if
 * it still lies where it was copied from. Any client may do this at any time; one at a time is
 * enough. For one thread.
 */
public final class Repacker {
  private static final int PAGE = 1_000;

  private final ClientServices services;
  private final Duration settled;

  /**
   * @param files the cluster
   * @param settled small packs that are younger are left alone
   */
  public Repacker(AshlarFileSystem files, Duration settled) {
    this.services = files.services();
    this.settled = settled;
  }

  /**
   * Looks at all packs once.
   *
   * @param goOn asked before each pack that is made
   * @return packs that were copied
   */
  public int round(BooleanSupplier goOn) throws AshlarException {
    List<Pack> packs = new ArrayList<>();
    Packs page;
    do {
      long after = packs.isEmpty() ? 0 : packs.getLast().attr().inode();
      page = services.masters().query(new MasterRequest.ListPacks(after, PAGE), Packs.class);
      packs.addAll(page.packs());
    } while (page.more() && !page.packs().isEmpty());
    int copied = 0;
    for (List<Pack> batch : RepackPlan.of(packs, services.world().wallNs() - settled.toNanos())) {
      if (!goOn.getAsBoolean()) {
        return copied;
      }
      copy(batch);
      copied += batch.size();
    }
    return copied;
  }

  private void copy(List<Pack> batch) throws AshlarException {
    Pack first = batch.getFirst();
    StageOptions options =
        StageOptions.DEFAULT.withMode(0).withPolicy(first.attr().policy()).withExpectedSize(1);
    List<Command.PackedMove> moves = new ArrayList<>();
    try (StagedContent target =
        StagedContent.start(services, "a pack of " + batch.size() + " packs", Attr.ROOT, options)) {
      long room = target.policy().chunkBytes();
      for (Pack p : batch) {
        if (p.liveBytes() <= room - target.writer().size()) {
          copy(p.attr().inode(), target, moves);
        }
      }
      if (moves.isEmpty()) {
        return;
      }
      ContentWriter.Publishable sealed = target.seal();
      var _ =
          services
              .masters()
              .submit(
                  new Command.CommitPack(
                      target.inode(),
                      target.epoch(),
                      sealed.chunks(),
                      List.of(),
                      moves,
                      false,
                      new long[0]),
                  Packed.class);
      target.published();
    }
  }

  /** The files of one pack; those that go while they are read are left out. */
  private void copy(long pack, StagedContent target, List<Command.PackedMove> moves)
      throws AshlarException {
    try (StripedReader reader = StripedReader.openPack(services, pack)) {
      List<PackFile> files =
          services.masters().query(new MasterRequest.GetPack(pack), PackFiles.class).files();
      for (PackFile file : files) {
        ByteBuffer bytes = ByteBuffer.allocate((int) file.length());
        if (reader.read(file.offset(), bytes) != file.length()) {
          throw new AshlarException(
              ErrorCode.INTERNAL,
              "File " + file.inode() + " is said to lie outside of its pack " + pack);
        }
        long at = target.writer().size();
        target.writer().write(bytes.flip());
        moves.add(new Command.PackedMove(file.inode(), pack, file.offset(), file.length(), at));
      }
    } catch (AshlarException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      } // else all of its files went meanwhile, and it with them
    }
  }
}
