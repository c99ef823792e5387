package dev.ashlar.bench;

import java.nio.file.Path;

/**
 * What is measured, and on what.
 *
 * @param program bin/ashlar
 * @param dir where the cluster lives; it must not exist
 * @param bytes size of the large file
 * @param files number of small files
 * @param threads of the parallel cases
 * @param repeat runs of the large cases; every run is shown
 */
record Settings(
    String program,
    Path dir,
    int masters,
    int servers,
    String policy,
    int port,
    long bytes,
    int files,
    int threads,
    int repeat) {}
