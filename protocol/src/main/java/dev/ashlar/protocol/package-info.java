/** The words every room shares: policies, block layout, ids, tokens, errors. Knows no server. */
@NullMarked
package dev.ashlar.protocol;

import org.jspecify.annotations.NullMarked;
