package dev.ashlar.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ashlar.protocol.message.Attr;
import dev.ashlar.protocol.message.FileType;
import dev.ashlar.protocol.message.MasterReply.Pack;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RepackPlanTest {
  private static final long OLD = 10;
  private static final long YOUNG = 1_000;
  private static final long BEFORE = 100;

  private long inode;

  private Pack pack(String policy, long size, long live, long files, long changedNs) {
    return new Pack(
        new Attr(++inode, FileType.PACK, 0, 0, 0, 0, size, 1, 0, 0, changedNs, policy),
        files,
        live);
  }

  private static List<List<Long>> plan(Pack... packs) {
    return RepackPlan.of(List.of(packs), BEFORE).stream()
        .map(batch -> batch.stream().map(p -> p.attr().inode()).toList())
        .toList();
  }

  @Test
  void fullPacksAreLeftAlone() {
    assertEquals(
        List.of(),
        plan(pack("rs-2-1", 4 << 20, 4 << 20, 9, OLD), pack("rs-2-1", 2 << 20, 1 << 20, 9, OLD)));
  }

  @Test
  void aSparsePackIsCopiedHoweverYoung() {
    assertEquals(List.of(List.of(1L)), plan(pack("rs-2-1", 1000, 499, 1, YOUNG)));
    assertEquals(List.of(), plan(pack("rs-2-1", 1000, 500, 1, YOUNG)));
  }

  @Test
  void smallPacksAreCopiedOnceTheyMakeALargeOne() {
    List<Pack> packs = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      packs.add(pack("rs-2-1", 100 << 10, 100 << 10, 3, OLD));
    }
    assertEquals(List.of(), plan(packs.toArray(Pack[]::new)));
    packs.add(pack("rs-2-1", 100 << 10, 100 << 10, 3, YOUNG));
    packs.add(pack("rs-3-1", 100 << 10, 100 << 10, 3, OLD));
    assertEquals(List.of(), plan(packs.toArray(Pack[]::new)), "too young, or of another policy");
    packs.add(pack("rs-2-1", 100 << 10, 100 << 10, 3, OLD));
    assertEquals(1, plan(packs.toArray(Pack[]::new)).size());
    assertEquals(11, plan(packs.toArray(Pack[]::new)).getFirst().size());
  }

  @Test
  void noNewPackIsTooLarge() {
    List<Pack> packs = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      packs.add(pack("rs-2-1", 3 << 20, 1 << 20, 3, OLD));
    }
    assertEquals(
        List.of(List.of(1L, 2L, 3L, 4L), List.of(5L, 6L, 7L, 8L), List.of(9L)),
        plan(packs.toArray(Pack[]::new)));
    assertEquals(
        List.of(List.of(10L), List.of(11L)),
        plan(pack("rs-2-1", 3000, 900, 600, OLD), pack("rs-2-1", 3000, 900, 600, OLD)));
  }

  /** Chunks of this policy hold 384 KiB: its packs are never larger, and not small for that. */
  @Test
  void packsOfSmallChunksAreCopiedOnce() {
    String policy = "rs-6-3-64k-64k";
    List<Pack> packs = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      packs.add(pack(policy, 300 << 10, 300 << 10, 9, OLD));
    }
    assertEquals(List.of(), plan(packs.toArray(Pack[]::new)));
    packs.clear();
    for (int i = 0; i < 6; i++) {
      packs.add(pack(policy, 90 << 10, 90 << 10, 3, OLD));
    }
    assertEquals(
        List.of(List.of(13L, 14L, 15L, 16L), List.of(17L, 18L)), plan(packs.toArray(Pack[]::new)));
  }
}
