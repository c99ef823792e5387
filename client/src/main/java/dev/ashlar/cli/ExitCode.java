package dev.ashlar.cli;

/** What a command leaves behind for scripts. */
public final class ExitCode {
  public static final int GOOD = 0;
  public static final int FAILED = 1;
  public static final int USAGE = 2;

  private ExitCode() {}
}
