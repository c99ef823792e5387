package dev.ashlar.master.state;

import dev.ashlar.master.state.Rows.ClusterRow;

/** The cluster row with one thing changed. */
final class Clusters {
  private Clusters() {}

  static ClusterRow named(ClusterRow r, long cluster, String policy) {
    return new ClusterRow(
        cluster,
        policy,
        r.timeNs(),
        r.nextInode(),
        r.nextChunk(),
        r.nextEpoch(),
        r.nextGroup(),
        r.files(),
        r.directories(),
        r.dataBytes(),
        r.chunks(),
        r.deletions());
  }

  static ClusterRow time(ClusterRow r, long timeNs) {
    return new ClusterRow(
        r.cluster(),
        r.policy(),
        timeNs,
        r.nextInode(),
        r.nextChunk(),
        r.nextEpoch(),
        r.nextGroup(),
        r.files(),
        r.directories(),
        r.dataBytes(),
        r.chunks(),
        r.deletions());
  }

  static ClusterRow nextInode(ClusterRow r) {
    return next(r, 1, 0, 0, 0);
  }

  static ClusterRow nextChunk(ClusterRow r) {
    return next(r, 0, 1, 0, 0);
  }

  static ClusterRow nextEpoch(ClusterRow r) {
    return next(r, 0, 0, 1, 0);
  }

  static ClusterRow nextGroup(ClusterRow r) {
    return next(r, 0, 0, 0, 1);
  }

  private static ClusterRow next(ClusterRow r, int inode, int chunk, int epoch, int group) {
    return new ClusterRow(
        r.cluster(),
        r.policy(),
        r.timeNs(),
        r.nextInode() + inode,
        r.nextChunk() + chunk,
        r.nextEpoch() + epoch,
        r.nextGroup() + group,
        r.files(),
        r.directories(),
        r.dataBytes(),
        r.chunks(),
        r.deletions());
  }

  static ClusterRow names(ClusterRow r, int files, int directories) {
    return count(r, files, directories, 0, 0, 0);
  }

  static ClusterRow data(ClusterRow r, long bytes, int chunks) {
    return count(r, 0, 0, bytes, chunks, 0);
  }

  static ClusterRow deletions(ClusterRow r, int deletions) {
    return count(r, 0, 0, 0, 0, deletions);
  }

  private static ClusterRow count(
      ClusterRow r, int files, int directories, long bytes, int chunks, int deletions) {
    return new ClusterRow(
        r.cluster(),
        r.policy(),
        r.timeNs(),
        r.nextInode(),
        r.nextChunk(),
        r.nextEpoch(),
        r.nextGroup(),
        r.files() + files,
        r.directories() + directories,
        r.dataBytes() + bytes,
        r.chunks() + chunks,
        r.deletions() + deletions);
  }
}
