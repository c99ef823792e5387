/** The ordered key-value store under the metadata: LMDB in servers, a sorted map in tests. */
@NullMarked
package dev.ashlar.master.store;

import org.jspecify.annotations.NullMarked;
