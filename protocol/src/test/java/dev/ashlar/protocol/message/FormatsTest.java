package dev.ashlar.protocol.message;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page of formats lists every tag: so none is ever renumbered or used again by accident. */
class FormatsTest {
  @Test
  void everyTagIsInThePageOfFormats() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "FORMATS.md"));
    for (Class<?> sealedType : List.of(Message.class, Command.class, MasterReply.Task.class)) {
      for (Class<?> type : RandomRecords.members(sealedType)) {
        String entry = type.getAnnotation(Tag.class).value() + " " + type.getSimpleName();
        assertTrue(
            Pattern.compile("[ ,]" + entry + "(,|\n)").matcher(page).find(),
            () ->
                "docs/FORMATS.md does not list '"
                    + entry
                    + "': add it under Tags; never change a number");
      }
    }
  }
}
