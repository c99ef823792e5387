package dev.ashlar.cli.remote;

import dev.ashlar.client.AshlarFileSystem;
import dev.ashlar.client.AttrChange;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterReply;
import java.util.Iterator;

/** {@link RemoteFiles} of a real cluster. */
public record ClusterFiles(AshlarFileSystem fs) implements RemoteFiles {
  @Override
  public MasterReply.Resolved resolve(String path, boolean followLast) throws AshlarException {
    return fs.resolve(path, followLast);
  }

  @Override
  public Attr lookup(long parent, String name) throws AshlarException {
    return fs.lookup(parent, name);
  }

  @Override
  public Iterator<MasterReply.Entry> list(long directory) {
    return fs.list(directory);
  }

  @Override
  public Attr mkdir(long parent, String name, int mode) throws AshlarException {
    return fs.mkdir(parent, name, mode);
  }

  @Override
  public void unlink(long parent, String name) throws AshlarException {
    fs.unlink(parent, name);
  }

  @Override
  public void rmdir(long parent, String name) throws AshlarException {
    fs.rmdir(parent, name);
  }

  @Override
  public void rename(long parent, String name, long newParent, String newName, boolean noReplace)
      throws AshlarException {
    fs.rename(parent, name, newParent, newName, noReplace, false);
  }

  @Override
  public Attr symlink(long parent, String name, String target) throws AshlarException {
    return fs.symlink(parent, name, target);
  }

  @Override
  public String readlink(long inode) throws AshlarException {
    return fs.readlink(inode);
  }

  @Override
  public Attr setattr(long inode, AttrChange change) throws AshlarException {
    return fs.setattr(inode, change);
  }

  @Override
  public FileWriter stage(long parent, String name, StageOptions options) throws AshlarException {
    return fs.stage(parent, name, options);
  }

  @Override
  public FileReader reader(long inode) throws AshlarException {
    return fs.reader(inode);
  }

  @Override
  public FileReader reader(String path, boolean followLast) throws AshlarException {
    return fs.reader(path, followLast);
  }
}
