package dev.ashlar.torture.faultfs;

/** What a power cut does to what was not synced. */
public enum PowerCut {
  /** Nothing of it is on media. */
  LOSE_ALL,

  /**
   * Any part of it is: each page of 4 KiB as it was, as it was to be, or torn between two sectors
   * of 512 bytes; sizes and names as of any moment since the last sync.
   */
  LOSE_SOME
}
