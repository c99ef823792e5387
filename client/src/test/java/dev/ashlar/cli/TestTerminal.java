package dev.ashlar.cli;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A terminal in memory that nobody watches. */
public record TestTerminal(
    Terminal terminal, ByteArrayOutputStream outBytes, ByteArrayOutputStream errBytes) {
  public static TestTerminal create() {
    return create(Map.of());
  }

  public static TestTerminal create(Map<String, String> environment) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream text = new PrintStream(out, true, StandardCharsets.UTF_8);
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    return new TestTerminal(
        new Terminal(
            InputStream.nullInputStream(),
            text,
            Channels.newChannel(out),
            errors,
            false,
            false,
            environment),
        out,
        err);
  }

  public String out() {
    return outBytes.toString(StandardCharsets.UTF_8);
  }

  public String err() {
    return errBytes.toString(StandardCharsets.UTF_8);
  }
}
