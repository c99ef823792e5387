package dev.ashlar.protocol.rpc;

import io.netty.channel.DefaultFileRegion;

/**
 * Bytes of a file on their way to a socket. Unlike its parent it leaves the file open: others read
 * it too.
 */
final class SliceRegion extends DefaultFileRegion {
  SliceRegion(FileSlice slice) {
    super(slice.file(), slice.position(), slice.length());
  }

  @Override
  protected void deallocate() {
    // The file belongs to whoever replied with it.
  }
}
