package dev.ashlar.simulation;

/** Unwinds the threads of a process that was killed. No code but the simulation's may stop it. */
final class Halt extends Error {
  private static final long serialVersionUID = 1L;

  Halt() {
    super("killed", null, false, false);
  }
}
