package dev.ashlar.protocol.rpc;

/** Who speaks, as told in the greeting. The order is the wire format: append only. */
public enum Role {
  MASTER,
  CHUNK_SERVER,
  CLIENT
}
