/**
 * Makes one block from its sisters on other servers and proves it against what its writer
 * committed. Knows no master.
 */
@NullMarked
package dev.ashlar.chunkserver.rebuild;

import org.jspecify.annotations.NullMarked;
