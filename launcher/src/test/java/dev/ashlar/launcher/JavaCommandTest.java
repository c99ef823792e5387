package dev.ashlar.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The flags stand in three places that cannot share them; here they are held together. */
class JavaCommandTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void flagsAreThoseOfTheParentPom() throws IOException {
    Matcher m =
        Pattern.compile("<jvm.flags>(.*?)</jvm.flags>", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("pom.xml")));
    assertTrue(m.find());
    List<String> flags = new ArrayList<>(List.of(m.group(1).strip().split("\\s+", -1)));
    assertTrue(flags.remove("--add-modules=jdk.incubator.vector"));
    assertEquals(flags, JavaCommand.FLAGS);
  }

  @Test
  void theStartScriptHasThemToo() throws IOException {
    String script = Files.readString(ROOT.resolve("bin/ashlar"));
    for (String flag : JavaCommand.FLAGS) {
      assertTrue(script.contains(flag), flag);
    }
  }
}
