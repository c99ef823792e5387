package dev.ashlar.protocol.message;

/**
 * Anything that heads a frame. Tags: 1.. errors and greetings, 100.. to the master, 300.. from it,
 * 500.. to a chunk server, 600.. from it.
 */
public sealed interface Message
    permits MasterRequest, MasterReply, ChunkRequest, ChunkReply, ErrorReply {}
