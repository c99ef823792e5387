package dev.ashlar.client;

import dev.ashlar.protocol.message.Attr;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * A small file to be put, all bytes of it in memory.
 *
 * @param content the bytes from its position to its limit; nobody changes them any more
 * @param outcome the file once it is durable and has its name, or why it has not
 */
record SmallFile(
    long parent,
    String name,
    StageOptions options,
    ByteBuffer content,
    CompletableFuture<Attr> outcome) {
  int bytes() {
    return content.remaining();
  }

  /** For messages. */
  String title() {
    return StagedWriter.name(parent, name);
  }
}
