package dev.ashlar.protocol.rpc;

import dev.ashlar.protocol.message.Message;
import dev.ashlar.protocol.message.RecordCodec;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;

/** One end of a connection that says whatever a test wants, byte by byte. */
final class RawPeer implements AutoCloseable {
  private static final int PATIENCE_MS = 20_000;
  final DataInputStream in;
  final DataOutputStream out;
  private final Socket socket;

  /** A frame as it came. */
  record Frame(int kind, long id, Message message, byte[] payload) {}

  RawPeer(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(PATIENCE_MS);
    in = new DataInputStream(socket.getInputStream());
    out = new DataOutputStream(socket.getOutputStream());
  }

  static RawPeer connect(int port) throws IOException {
    return new RawPeer(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  void greet(int version, int role) throws IOException {
    out.writeInt(Frames.MAGIC);
    out.writeShort(version);
    out.writeByte(role);
    out.flush();
  }

  /** Reads the other side's greeting. Returns version * 256 + role. */
  int greeting() throws IOException {
    if (in.readInt() != Frames.MAGIC) {
      throw new AssertionError("No greeting came");
    }
    return in.readUnsignedShort() << 8 | in.readUnsignedByte();
  }

  void send(int kind, long id, Message message, byte[] payload) throws IOException {
    byte[] header = RecordCodec.encodeMessage(message);
    ByteBuffer frame = ByteBuffer.allocate(Frames.PREFIX_BYTES + header.length + payload.length);
    frame
        .putInt(Frames.COUNTED_BYTES + header.length + payload.length)
        .put((byte) kind)
        .putLong(id)
        .putInt(header.length)
        .put(header)
        .put(payload);
    out.write(frame.array());
  }

  Frame receive() throws IOException {
    int length = in.readInt();
    int kind = in.readUnsignedByte();
    long id = in.readLong();
    byte[] header = new byte[in.readInt()];
    in.readFully(header);
    byte[] payload = new byte[length - Frames.COUNTED_BYTES - header.length];
    in.readFully(payload);
    return new Frame(kind, id, RecordCodec.decodeMessage(ByteBuffer.wrap(header)), payload);
  }

  /** Waits until the other side has closed the connection; what it still sent is dropped. */
  void awaitClosed() throws IOException {
    try {
      long _ = in.transferTo(java.io.OutputStream.nullOutputStream());
    } catch (java.net.SocketException e) {
      // Reset: closed too.
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
