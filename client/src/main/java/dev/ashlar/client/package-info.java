/**
 * The client library: names and attributes through the masters, content straight to and from the
 * chunk servers, striped and erasure coded here. {@link dev.ashlar.client.AshlarFileSystem} is the
 * way in.
 */
@NullMarked
package dev.ashlar.client;

import org.jspecify.annotations.NullMarked;
