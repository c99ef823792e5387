package dev.ashlar.master.state;

import dev.ashlar.master.state.NaiveFs.Node;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.Command;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply;
import dev.ashlar.protocol.message.Message;

/** Random commands on names, and what they should answer. */
final class NameActions {
  private final HistoryRun run;

  NameActions(HistoryRun run) {
    this.run = run;
  }

  Message mkdir(long client) {
    long parent = run.anyDirectory();
    String name = run.anyName();
    ErrorCode code = run.model.free(parent, name);
    Message reply = run.client(client, new Command.Mkdir(parent, name, 0755, 1, 2));
    run.expect(code, reply);
    if (code == null) {
      run.model.add(parent, name, World.attr(reply).inode(), FileType.DIRECTORY);
    }
    return reply;
  }

  Message create(long client) {
    long parent = run.anyDirectory();
    String name = run.anyName();
    boolean exclusive = run.random.nextBoolean();
    ErrorCode code = run.model.dir(parent);
    Node there = run.model.at(parent, name);
    if (code == null && there != null) {
      code =
          exclusive || there.type == FileType.SYMLINK
              ? ErrorCode.EXISTS
              : there.directory()
                  ? ErrorCode.IS_DIRECTORY
                  : there.epoch != 0 ? ErrorCode.LEASE_LOST : null;
    }
    Message reply = run.client(client, new Command.Create(parent, name, 0644, 1, 2, exclusive, ""));
    run.expect(code, reply);
    if (reply instanceof MasterReply.Opened o) {
      if (there == null) {
        run.model.add(parent, name, o.attr().inode(), FileType.FILE);
      }
      run.model.lease(o.attr().inode(), o.epoch(), client);
    }
    return reply;
  }

  Message unlink(long client) {
    long parent = run.anyDirectory();
    String name = run.anyName();
    Message reply = run.client(client, new Command.Unlink(parent, name));
    run.expect(run.model.unlink(parent, name), reply);
    return reply;
  }

  Message rmdir(long client) {
    long parent = run.anyDirectory();
    String name = run.anyName();
    Message reply = run.client(client, new Command.Rmdir(parent, name));
    run.expect(run.model.rmdir(parent, name), reply);
    return reply;
  }

  Message rename(long client) {
    Command.Rename r =
        new Command.Rename(
            run.anyDirectory(),
            run.anyName(),
            run.anyDirectory(),
            run.anyName(),
            run.random.nextInt(5) == 0,
            run.random.nextInt(4) == 0);
    Message reply = run.client(client, r);
    run.expect(
        run.model.rename(
            r.parent(), r.name(), r.newParent(), r.newName(), r.noReplace(), r.exchange()),
        reply);
    return reply;
  }

  Message hardLink(long client) {
    Command.HardLink link = new Command.HardLink(run.anyInode(), run.anyDirectory(), run.anyName());
    Message reply = run.client(client, link);
    run.expect(run.model.hardLink(link.inode(), link.parent(), link.name()), reply);
    return reply;
  }

  Message symlink(long client) {
    long parent = run.anyDirectory();
    String name = run.anyName();
    ErrorCode code = run.model.free(parent, name);
    Message reply = run.client(client, new Command.Symlink(parent, name, "../x", 1, 2));
    run.expect(code, reply);
    if (code == null) {
      run.model.add(parent, name, World.attr(reply).inode(), FileType.SYMLINK);
      run.model.node(World.attr(reply).inode()).size = 4;
    }
    return reply;
  }

  Message xattr(long client) {
    long inode = run.anyInode();
    String name = "user." + run.anyName();
    Node n = run.model.nodes.get(inode);
    boolean remove = run.random.nextBoolean();
    ErrorCode code =
        n == null
            ? ErrorCode.NOT_FOUND
            : remove && !n.xattrs.containsKey(name) ? ErrorCode.NO_ATTRIBUTE : null;
    String value = "v" + run.random.nextInt();
    Message reply =
        run.client(
            client,
            remove
                ? new Command.RemoveXattr(inode, name)
                : new Command.SetXattr(
                    inode,
                    name,
                    value.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    false,
                    false));
    run.expect(code, reply);
    if (n != null && code == null) {
      if (remove) {
        n.xattrs.remove(name);
      } else {
        n.xattrs.put(name, value);
      }
    }
    return reply;
  }
}
