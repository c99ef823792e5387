package dev.ashlar.cluster;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;

/**
 * Dependencies between the rooms point one way (docs/ARCHITECTURE.md, "Rooms"). Think twice before
 * loosening a rule.
 */
@AnalyzeClasses(packages = "dev.ashlar", importOptions = ImportOption.DoNotIncludeTests.class)
class LayeringTest {
  private static final String ERASURE = "dev.ashlar.erasure..";
  private static final String PROTOCOL = "dev.ashlar.protocol..";
  private static final String MASTER = "dev.ashlar.master..";
  private static final String CHUNK_SERVER = "dev.ashlar.chunkserver..";
  private static final String CLIENT = "dev.ashlar.client..";
  private static final String CLI = "dev.ashlar.cli..";
  private static final String LAUNCHER = "dev.ashlar.launcher..";
  private static final String SIMULATION = "dev.ashlar.simulation..";
  private static final String TORTURE = "dev.ashlar.torture..";

  @ArchTest
  static final ArchRule ERASURE_KNOWS_NOBODY =
      never(
          ERASURE,
          PROTOCOL,
          MASTER,
          CHUNK_SERVER,
          CLIENT,
          CLI,
          LAUNCHER,
          SIMULATION,
          TORTURE,
          "io.netty..");

  @ArchTest
  static final ArchRule PROTOCOL_KNOWS_NO_ROOM =
      never(PROTOCOL, ERASURE, MASTER, CHUNK_SERVER, CLIENT, CLI, LAUNCHER, SIMULATION, TORTURE);

  @ArchTest
  static final ArchRule MASTER_KNOWS_ONLY_PROTOCOL =
      never(MASTER, ERASURE, CHUNK_SERVER, CLIENT, CLI, LAUNCHER, SIMULATION, TORTURE);

  @ArchTest
  static final ArchRule CHUNK_SERVER_KNOWS_PROTOCOL_AND_ERASURE =
      never(CHUNK_SERVER, MASTER, CLIENT, CLI, LAUNCHER, SIMULATION, TORTURE);

  @ArchTest
  static final ArchRule CLIENT_KNOWS_PROTOCOL_AND_ERASURE =
      never(CLIENT, MASTER, CHUNK_SERVER, CLI, LAUNCHER, SIMULATION, TORTURE);

  @ArchTest
  static final ArchRule COMMAND_LINE_IS_A_DOOR =
      never(CLI, MASTER, CHUNK_SERVER, LAUNCHER, SIMULATION, TORTURE);

  /** It sees every room but the program, which alone sees it. */
  @ArchTest
  static final ArchRule SIMULATION_IS_NO_PART_OF_THE_PROGRAM = never(SIMULATION, LAUNCHER, TORTURE);

  /** It sees servers from outside only: as processes. */
  @ArchTest
  static final ArchRule TORTURE_IS_A_CLIENT =
      never(TORTURE, MASTER, CHUNK_SERVER, LAUNCHER, SIMULATION);

  /**
   * The state machine and the planners are deterministic: time, chance, threads and files come from
   * outside.
   */
  @ArchTest
  static final ArchRule MASTER_CORE_IS_PURE =
      never(
          "dev.ashlar.master.state..",
          "dev.ashlar.master.raft..",
          "dev.ashlar.master.server..",
          "org.apache.ratis..",
          "io.netty..",
          "java.net..",
          "java.nio.file..",
          "java.util.concurrent.atomic..",
          "java.util.concurrent.locks..");

  @ArchTest
  static final ArchRule MASTER_CORE_HAS_NO_CLOCK =
      ArchRuleDefinition.noClasses()
          .that()
          .resideInAPackage("dev.ashlar.master.state..")
          .should()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(Math.class, "random")
          .orShould()
          .callConstructor(java.util.Random.class)
          .orShould()
          .dependOnClassesThat()
          .areAssignableTo(java.util.concurrent.Executor.class)
          .orShould()
          .dependOnClassesThat()
          .areAssignableTo(Thread.class);

  @ArchTest
  static final ArchRule NO_CYCLES = slices().matching("dev.ashlar.(*)..").should().beFreeOfCycles();

  private static ArchRule never(String from, String... to) {
    return ArchRuleDefinition.noClasses()
        .that()
        .resideInAPackage(from)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(to)
        .allowEmptyShould(true);
  }
}
