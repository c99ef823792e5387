/**
 * The chunk server: requests, heartbeats, disk watch, rebuild and scrub around the stores of its
 * disks. Decides nothing about other servers.
 */
@NullMarked
package dev.ashlar.chunkserver.server;

import org.jspecify.annotations.NullMarked;
