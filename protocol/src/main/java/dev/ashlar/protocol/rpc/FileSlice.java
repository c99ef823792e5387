package dev.ashlar.protocol.rpc;

import java.nio.channels.FileChannel;

/** Bytes of an open file that a reply sends without reading them into memory. */
public record FileSlice(FileChannel file, long position, long length) {}
