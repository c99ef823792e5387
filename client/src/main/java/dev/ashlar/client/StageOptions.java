package dev.ashlar.client;

/**
 * How a file is put.
 *
 * @param mode permission bits
 * @param policy text form of a policy, or empty for the directory's
 * @param replace whether a file of that name is replaced; otherwise commit fails with EXISTS
 * @param expectedSize bytes that will come, -1 if unknown; only a hint
 */
public record StageOptions(int mode, String policy, boolean replace, long expectedSize) {
  /** Mode 0644, the directory's policy, replacing, of unknown size. */
  public static final StageOptions DEFAULT = new StageOptions(0644, "", true, -1);

  public StageOptions withMode(int newMode) {
    return new StageOptions(newMode, policy, replace, expectedSize);
  }

  public StageOptions withPolicy(String newPolicy) {
    return new StageOptions(mode, newPolicy, replace, expectedSize);
  }

  public StageOptions withReplace(boolean newReplace) {
    return new StageOptions(mode, policy, newReplace, expectedSize);
  }

  public StageOptions withExpectedSize(long bytes) {
    return new StageOptions(mode, policy, replace, bytes);
  }
}
