/**
 * The master as a server: answers requests, and while it leads, looks after servers, disks, leases
 * and healing. Soft state only; all that lasts is in the log.
 */
@NullMarked
package dev.ashlar.master.server;

import org.jspecify.annotations.NullMarked;
