package dev.ashlar.launcher;

import dev.ashlar.cli.ExitCode;
import dev.ashlar.cli.FailedException;
import dev.ashlar.cli.Program;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a server in this process until the process is told to stop, then closes it and ends the
 * process with code 0.
 */
final class Serving {
  static final long LOG_BYTES = 8L << 20;
  private static final Logger LOG = LoggerFactory.getLogger(Serving.class);

  /** Starts a server. */
  @FunctionalInterface
  interface Start {
    AutoCloseable start() throws IOException, InterruptedException;
  }

  private Serving() {}

  /** Sets up log and pid file as the arguments say, and serves. */
  static int serve(ServerArguments arguments, String what, Start start)
      throws IOException, InterruptedException {
    String log = arguments.text(ServerArguments.LOG);
    if (log == null) {
      Logs.toStandardError();
    } else {
      Logs.toFile(Path.of(log), LOG_BYTES);
    }
    String pid = arguments.text(ServerArguments.PID_FILE);
    return serve(what, pid == null ? null : new PidFile(Path.of(pid)), start);
  }

  private static int serve(String what, @Nullable PidFile pid, Start start)
      throws IOException, InterruptedException {
    if (pid != null) {
      if (pid.process().isPresent() && pid.process().get().pid() != ProcessHandle.current().pid()) {
        throw new FailedException(
            what + " runs already: process " + pid.process().get().pid() + " of " + pid.file());
      }
      pid.claim();
    }
    AutoCloseable server;
    try {
      server = start.start();
    } catch (IOException | InterruptedException | RuntimeException e) {
      LOG.error("{} cannot start", what, e);
      if (pid != null) {
        pid.release();
      }
      throw e;
    }
    untilStopped(() -> {
      LOG.info("{} stops", what);
      server.close();
      if (pid != null) {
        pid.release();
      }
    });
    return ExitCode.GOOD;
  }

  /** What is done when the process is told to stop. */
  @FunctionalInterface
  interface Stop {
    void run() throws Exception;
  }

  /**
   * Waits for SIGTERM or SIGINT, then stops and ends the process. Does not return, unless the
   * thread is interrupted.
   */
  static void untilStopped(Stop stop) throws InterruptedException {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("stop")
                .unstarted(() -> {
                  int code = ExitCode.GOOD;
                  try {
                    stop.run();
                  } catch (Exception e) {
                    LOG.error("The stop was not clean", e);
                    code = ExitCode.FAILED;
                  }
                  Runtime.getRuntime().halt(code);
                }));
    new CountDownLatch(1).await(); // nobody counts down: the hook ends the process
  }

  /** Ends the process if a start that went on in the background failed in the end. */
  static void endIfFailed(String what, @Nullable Throwable failure) {
    if (failure != null) {
      LOG.error("{} cannot start", what, failure);
      System.err.println("ashlar: " + Program.explain(failure));
      System.err.flush();
      Runtime.getRuntime().halt(ExitCode.FAILED);
    }
  }

  /** A sentence for a failed start, with the port if it was taken. */
  static IOException explained(String what, String address, IOException e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof BindException) {
        return new FailedException(
            what
                + " cannot take requests at "
                + address
                + ": the port is taken or the address is not of this machine",
            e);
      }
    }
    return e;
  }
}
