package dev.ashlar.cli.fsck;

import java.util.List;
import java.util.Map;

/**
 * What fsck found. The object of {@code fsck --json}.
 *
 * @param clean no problem of any kind
 * @param path what was checked
 * @param blocks found on disks
 * @param bytes of the files checked
 * @param staged blocks of writes under way, which is no problem
 * @param pendingDeletion blocks of removed files that are about to be deleted, which is no problem
 * @param verifiedChunks read whole and compared with their parity, only with --verify
 * @param verifiedBytes read for that
 * @param counts problems of each kind, all of them
 * @param problems the first thousand
 */
public record FsckReport(
    boolean clean,
    String path,
    long files,
    long chunks,
    long blocks,
    long bytes,
    long staged,
    long pendingDeletion,
    boolean verified,
    long verifiedChunks,
    long verifiedBytes,
    Map<Problem.Kind, Long> counts,
    List<Problem> problems) {}
