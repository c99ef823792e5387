/**
 * The erasure codes: Reed-Solomon, XOR and mirrors over GF(2^8), with one seam ({@code Kernel})
 * between the algebra and the loops.
 *
 * <p>{@link dev.ashlar.erasure.ErasureCode} is all that others need. Depends on nothing but the
 * JDK.
 */
@NullMarked
package dev.ashlar.erasure;

import org.jspecify.annotations.NullMarked;
