/**
 * The chunk server: requests, heartbeats, disk watch, rebuild and scrub around the stores of its
 * disks. Decides nothing about other servers.
 *
 * <p>Threads of one server, all named after it: {@code -heartbeat}; {@code -disk-ID} for each disk,
 * which watches and scrubs it (beside the store's own writer); and, only while there is work, up to
 * four {@code -lookup}, one {@code -rebuild} for each slot and one {@code -chores}. Network threads
 * are shared by the process. None of them waits for another server without a time limit, and no
 * network thread waits at all.
 */
@NullMarked
package dev.ashlar.chunkserver.server;

import org.jspecify.annotations.NullMarked;
