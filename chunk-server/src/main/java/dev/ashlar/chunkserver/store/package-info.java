/**
 * The block store of one disk: segment log, index, recovery, space. Knows no network and no master.
 */
@NullMarked
package dev.ashlar.chunkserver.store;

import org.jspecify.annotations.NullMarked;
