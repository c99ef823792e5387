package dev.ashlar.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one name stood for, one version after the other. One client changes it, one change at a
 * time, and never again after a change whose outcome it does not know; anybody reads it. So it is
 * known exactly what a read may see.
 */
final class NameHistory {
  private static final long NEVER = Long.MAX_VALUE;

  private final String path;
  private final List<Version> versions = new ArrayList<>();
  private final List<long[]> seen = new ArrayList<>();

  private static final class Version {
    final byte @Nullable [] content;
    final long begunNs;
    long doneNs = NEVER;
    boolean never;

    Version(byte @Nullable [] content, long begunNs) {
      this.content = content;
      this.begunNs = begunNs;
    }
  }

  NameHistory(String path) {
    this.path = path;
    Version absent = new Version(null, 0);
    absent.doneNs = 0;
    versions.add(absent);
  }

  String path() {
    return path;
  }

  /** A change begins. Returns its number. */
  int begin(byte @Nullable [] content, long nowNs) {
    versions.add(new Version(content, nowNs));
    return versions.size() - 1;
  }

  /** It was acknowledged. */
  void done(int version, long nowNs) {
    versions.get(version).doneNs = nowNs;
  }

  /** It was refused: nothing was changed. */
  void refused(int version) {
    versions.get(version).never = true;
  }

  /** What the name stands for, as the last acknowledged change made it. */
  byte @Nullable [] acknowledged() {
    for (Version v : versions.reversed()) {
      if (v.doneNs != NEVER) {
        return v.content;
      }
    }
    return null;
  }

  /** Whether the outcome of a change is unknown. */
  boolean open() {
    return versions.stream().anyMatch(v -> v.doneNs == NEVER && !v.never);
  }

  /**
   * Somebody read it.
   *
   * @param content null if it was not there
   */
  void read(byte @Nullable [] content, long fromNs, long toNs, String reader) {
    int least = least(fromNs);
    for (int i = versions.size() - 1; i >= least; i--) {
      Version v = versions.get(i);
      if (!v.never && v.begunNs <= toNs && Arrays.equals(v.content, content)) {
        seen.add(new long[] {toNs, i});
        return;
      }
    }
    throw new Violation(
        reader
            + " read "
            + path
            + " from "
            + fromNs / 1e9
            + " s to "
            + toNs / 1e9
            + " s and got "
            + describe(content, toNs)
            + "; possible were "
            + possible(least, toNs));
  }

  /** The oldest version that a read that begins then may see. */
  private int least(long fromNs) {
    int least = 0;
    for (int i = 0; i < versions.size(); i++) {
      if (versions.get(i).doneNs < fromNs) {
        least = i;
      }
    }
    for (long[] s : seen) {
      if (s[0] < fromNs) {
        least = Math.max(least, (int) s[1]);
      }
    }
    return least;
  }

  private String describe(byte @Nullable [] content, long toNs) {
    if (content == null) {
      return "nothing";
    }
    for (int i = 0; i < versions.size(); i++) {
      if (Arrays.equals(versions.get(i).content, content)) {
        return "version " + i + (versions.get(i).begunNs > toNs ? " of later" : "");
      }
    }
    StringBuilder text = new StringBuilder(content.length + " bytes that no version has");
    for (int i = 0; i < versions.size(); i++) {
      byte[] c = versions.get(i).content;
      if (c != null) {
        int same = Arrays.mismatch(c, content);
        text.append(", like version ").append(i).append(" up to ").append(same);
      }
    }
    return text.toString();
  }

  private String possible(int least, long toNs) {
    StringBuilder text = new StringBuilder();
    for (int i = least; i < versions.size(); i++) {
      Version v = versions.get(i);
      if (!v.never && v.begunNs <= toNs) {
        text.append(text.isEmpty() ? "" : ", ")
            .append("version ")
            .append(i)
            .append(v.content == null ? " (nothing)" : " (" + v.content.length + " bytes)")
            .append(
                v.doneNs == NEVER ? " of unknown outcome" : " done at " + v.doneNs / 1e9 + " s");
      }
    }
    return text.toString();
  }
}
