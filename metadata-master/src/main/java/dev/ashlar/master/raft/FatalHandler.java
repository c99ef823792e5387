package dev.ashlar.master.raft;

/**
 * What to do when this master must not go on: its replica may be wrong or its log cannot be
 * written. Called on any thread, perhaps more than once.
 */
@FunctionalInterface
public interface FatalHandler {
  void fatal(String reason, Throwable cause);

  /**
   * Ends the process at once, without shutdown hooks, so that nothing more is applied or
   * acknowledged.
   */
  static FatalHandler halt() {
    return (reason, cause) -> {
      System.getLogger(FatalHandler.class.getName()).log(System.Logger.Level.ERROR, reason, cause);
      Runtime.getRuntime().halt(EXIT_CODE);
    };
  }

  /** Exit code of a halted process. */
  int EXIT_CODE = 3;
}
