package dev.ashlar.cluster.crash;

import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.MasterRequest;
import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.rpc.Role;
import dev.ashlar.protocol.rpc.RpcClient;
import dev.ashlar.protocol.rpc.RpcReply;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/** One client of the masters: sends a command until it is decided. One thread. */
final class NameClient implements AutoCloseable {
  private static final long ID = 0xC4A5;
  private static final Duration CALL = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(150);
  private static final long PAUSE_NS = 20_000_000;

  private final List<String> masters;
  private final RpcClient rpc = new RpcClient("crash-test", Role.MASTER);

  NameClient(List<String> masters) {
    this.masters = masters;
  }

  /**
   * Does a command, exactly once however often it is sent.
   *
   * @param sequence from 1 on
   */
  Message submit(long sequence, Command command) throws AshlarException {
    return call(new MasterRequest.Submit(ID, sequence, sequence, command));
  }

  /** Names in the root, with "d" for a directory and the size of a file. */
  SortedMap<String, String> names() throws AshlarException {
    SortedMap<String, String> names = new TreeMap<>();
    MasterReply.Entries all =
        (MasterReply.Entries) call(new MasterRequest.ReadDir(Attr.ROOT, "", 1000));
    for (MasterReply.Entry e : all.entries()) {
      names.put(e.name(), e.attr().isDirectory() ? "d" : Long.toString(e.attr().size()));
    }
    return names;
  }

  /** Inode of a name in the root. */
  long inode(String name) throws AshlarException {
    return ((MasterReply.AttrReply) call(new MasterRequest.Lookup(Attr.ROOT, name))).attr().inode();
  }

  Message administer(String action) throws AshlarException {
    return call(new MasterRequest.Administer(action, List.of()));
  }

  private Message call(MasterRequest request) throws AshlarException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      AshlarException last = null;
      for (String master : masters) {
        try (RpcReply reply = rpc.call(master, request, CALL)) {
          return reply.message();
        } catch (AshlarException e) {
          last = e;
          switch (e.code()) {
            case NOT_LEADER, RETRY, UNAVAILABLE, TIMEOUT -> {} // asked again
            default -> throw e;
          }
        }
      }
      if (System.nanoTime() - deadline > 0 && last != null) {
        throw last;
      }
      LockSupport.parkNanos(PAUSE_NS);
    }
  }

  @Override
  public void close() {
    rpc.close();
  }
}
