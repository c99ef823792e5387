package dev.ashlar.cli.remote;

import dev.ashlar.client.AttrChange;
import dev.ashlar.client.FileReader;
import dev.ashlar.client.FileWriter;
import dev.ashlar.client.StageOptions;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.MasterReply;
import java.util.Iterator;

/**
 * What copying and listing need of a cluster; each call as in {@link
 * dev.ashlar.client.AshlarFileSystem}. Thread-safe.
 */
public interface RemoteFiles {
  MasterReply.Resolved resolve(String path, boolean followLast) throws AshlarException;

  Attr lookup(long parent, String name) throws AshlarException;

  Iterator<MasterReply.Entry> list(long directory);

  Attr mkdir(long parent, String name, int mode) throws AshlarException;

  void unlink(long parent, String name) throws AshlarException;

  void rmdir(long parent, String name) throws AshlarException;

  void rename(long parent, String name, long newParent, String newName, boolean noReplace)
      throws AshlarException;

  Attr symlink(long parent, String name, String target) throws AshlarException;

  String readlink(long inode) throws AshlarException;

  Attr setattr(long inode, AttrChange change) throws AshlarException;

  FileWriter stage(long parent, String name, StageOptions options) throws AshlarException;

  FileReader reader(long inode) throws AshlarException;

  FileReader reader(String path, boolean followLast) throws AshlarException;
}
