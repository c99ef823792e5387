/**
 * The replicated log behind a seam: commands in, replies out, many to an entry; reads by a lease of
 * our own. Only this package knows Ratis.
 */
@NullMarked
package dev.ashlar.master.raft;

import org.jspecify.annotations.NullMarked;
