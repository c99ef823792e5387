package dev.ashlar.client;

import dev.ashlar.protocol.message.Command;

/**
 * Attributes to set; start from {@link #NONE}. Times are ns since 1970.
 *
 * @param mask which fields count, bits of {@link Command.SetAttr}
 */
public record AttrChange(int mask, int mode, int uid, int gid, long accessedNs, long modifiedNs) {
  public static final AttrChange NONE = new AttrChange(0, 0, 0, 0, 0, 0);

  public AttrChange mode(int bits) {
    return new AttrChange(mask | Command.SetAttr.MODE, bits, uid, gid, accessedNs, modifiedNs);
  }

  public AttrChange uid(int id) {
    return new AttrChange(mask | Command.SetAttr.UID, mode, id, gid, accessedNs, modifiedNs);
  }

  public AttrChange gid(int id) {
    return new AttrChange(mask | Command.SetAttr.GID, mode, uid, id, accessedNs, modifiedNs);
  }

  public AttrChange accessedNs(long ns) {
    return new AttrChange(mask | Command.SetAttr.ACCESSED, mode, uid, gid, ns, modifiedNs);
  }

  public AttrChange modifiedNs(long ns) {
    return new AttrChange(mask | Command.SetAttr.MODIFIED, mode, uid, gid, accessedNs, ns);
  }
}
