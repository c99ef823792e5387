package dev.ashlar.client;

/**
 * How a file is put.
 *
 * @param mode permission bits
 * @param policy text form of a policy, or empty for the directory's
 * @param replace whether a file of that name is replaced; otherwise commit fails with EXISTS
 * @param expectedSize bytes that will come, -1 if unknown; only a hint
 * @param modifiedNs when the content was last changed, ns since 1970; {@link #NOW} for the moment
 *     of the commit
 */
public record StageOptions(
    int mode, String policy, boolean replace, long expectedSize, long modifiedNs) {
  /** The moment of the commit. */
  public static final long NOW = Long.MIN_VALUE;

  /** Mode 0644, the directory's policy, replacing, of unknown size, changed now. */
  public static final StageOptions DEFAULT = new StageOptions(0644, "", true, -1, NOW);

  public StageOptions withMode(int newMode) {
    return new StageOptions(newMode, policy, replace, expectedSize, modifiedNs);
  }

  public StageOptions withPolicy(String newPolicy) {
    return new StageOptions(mode, newPolicy, replace, expectedSize, modifiedNs);
  }

  public StageOptions withReplace(boolean newReplace) {
    return new StageOptions(mode, policy, newReplace, expectedSize, modifiedNs);
  }

  public StageOptions withExpectedSize(long bytes) {
    return new StageOptions(mode, policy, replace, bytes, modifiedNs);
  }

  public StageOptions withModified(long ns) {
    return new StageOptions(mode, policy, replace, expectedSize, ns);
  }
}
