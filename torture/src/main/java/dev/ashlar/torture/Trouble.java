package dev.ashlar.torture;

/** What goes wrong. */
enum Trouble {
  // Harm nothing that was acknowledged: any number of them, to anybody.
  KILL("killed", false),
  STOP("stopped in order and started", false),
  PAUSE("paused", false),
  POWER_CUT("without power", false),
  ALL_KILLED("everybody killed", false),
  ALL_WITHOUT_POWER("everybody without power", false),
  ISOLATE("cut off from everybody", false),
  DEAF("heard by nobody, hears all", false),
  SPLIT("split in two", false),
  SLOW("slow disk", false),

  // May cost blocks, or the use of a disk: only to as many as the policy tolerates.
  SYNC_ERROR("sync errors", true),
  WRITE_ERROR("write errors", true),
  READ_ERROR("read errors", true),
  READ_FLIPS("flipped bits on reads", true),
  MEDIA_FLIPS("flipped bits on media", true),
  FULL("full disk", true),
  DESTROYED("disk destroyed", true);

  final String text;
  final boolean hurts;

  Trouble(String text, boolean hurts) {
    this.text = text;
    this.hurts = hurts;
  }

  /** Whether it needs the fault layer. */
  boolean ofDisk() {
    return switch (this) {
      case SLOW, SYNC_ERROR, WRITE_ERROR, READ_ERROR, READ_FLIPS, MEDIA_FLIPS, FULL -> true;
      default -> false;
    };
  }

  /** Whether it needs a network that can be cut. */
  boolean ofNetwork() {
    return this == ISOLATE || this == DEAF || this == SPLIT;
  }

  /** Whether a master can have it and come back by itself. */
  boolean forMasters() {
    return this != MEDIA_FLIPS && this != READ_FLIPS && this != DESTROYED;
  }
}
