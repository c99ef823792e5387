package dev.ashlar.master.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.master.server.MasterConfig.Peer;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.message.MasterReply.Introduced;
import dev.ashlar.protocol.message.MasterRequest.Introduce;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Who gets a vote. Masters are identities here, and asking is a method call. */
final class FormationTest {
  private static final List<Peer> THREE =
      List.of(
          new Peer("m1", "h1:1", "h1:2"),
          new Peer("m2", "h2:1", "h2:2"),
          new Peer("m3", "h3:1", "h3:2"));

  private final Map<String, Identity> masters = new HashMap<>();
  private final Set<String> silent = new TreeSet<>();

  private void fresh(String name, long incarnation) {
    masters.put(name, new Identity(name, incarnation, "", List.of(), false, false));
  }

  private MasterConfig config(String name) {
    return MasterConfig.of(name, Path.of("dir-of-" + name), "c:" + name, "r:" + name, THREE);
  }

  private Identity attempt(String name, MasterConfig config) throws AshlarException {
    Identity me = masters.get(name);
    if (me == null) {
      throw new IllegalArgumentException(name);
    }
    Formation f =
        new Formation(
            config,
            peer -> {
              Identity asked = masters.get(peer.name());
              if (asked == null || silent.contains(peer.name())) {
                throw new AshlarException(ErrorCode.UNAVAILABLE, "nobody there");
              }
              return answer(asked, new Introduce(name, me.incarnation()));
            });
    Identity now = f.attempt(me);
    masters.put(name, now);
    return now;
  }

  private static Introduced answer(Identity asked, Introduce by) {
    return new Introductions(asked).answer(by, null);
  }

  private Identity attempt(String name) throws AshlarException {
    return attempt(name, config(name));
  }

  private void formAll() throws AshlarException {
    fresh("m1", 11);
    fresh("m2", 22);
    fresh("m3", 33);
    for (String m : List.of("m1", "m2", "m3")) {
      attempt(m);
    }
  }

  @Test
  void threeNewMastersFormOneGroup() throws Exception {
    formAll();
    assertEquals(1, masters.values().stream().map(Identity::group).distinct().count());
    assertTrue(masters.values().stream().allMatch(Identity::formed));
    assertEquals(
        List.of("m1", "m2", "m3"),
        attempt("m2").founders().stream().map(Identity.Founder::name).toList());
  }

  @Test
  void oneThatIsSilentIsWaitedFor() throws Exception {
    fresh("m1", 11);
    fresh("m2", 22);
    assertFalse(attempt("m1").formed());
    fresh("m3", 33);
    assertTrue(attempt("m1").formed());
  }

  @Test
  void oneThatIsLateFindsTheClusterThatCountedOnIt() throws Exception {
    fresh("m1", 11);
    fresh("m2", 22);
    fresh("m3", 33);
    String group = attempt("m1").group();
    silent.add("m2");
    assertEquals(group, attempt("m3").group());
  }

  @Test
  void aWipedMasterIsRefusedWhoeverAnswers() throws Exception {
    for (String alive : List.of("m2", "m3")) {
      masters.clear();
      silent.clear();
      formAll();
      fresh("m1", 99);
      silent.addAll(Set.of("m2", "m3"));
      assertFalse(attempt("m1").formed(), "While nobody answers it has no vote");
      silent.remove(alive);
      AshlarException e = assertThrows(AshlarException.class, () -> attempt("m1"));
      assertTrue(String.valueOf(e.getMessage()).contains("m1"), e.getMessage());
    }
  }

  @Test
  void oneWipedWhileTheClusterFormsIsRefusedToo() throws Exception {
    fresh("m1", 11);
    fresh("m2", 22);
    fresh("m3", 33);
    attempt("m1");
    fresh("m3", 44);
    attempt("m2");
    assertThrows(AshlarException.class, () -> attempt("m3"));
  }

  @Test
  void aStrangerIsToldToJoin() throws Exception {
    formAll();
    fresh("m4", 44);
    AshlarException e = assertThrows(AshlarException.class, () -> attempt("m4"));
    assertTrue(String.valueOf(e.getMessage()).contains("--join"), e.getMessage());
    assertTrue(attempt("m4", config("m4").joining()).formed());
    assertEquals(List.of(), attempt("m4", config("m4").joining()).founders());
  }

  @Test
  void aJoinerMayNotTakeAUsedName() throws Exception {
    formAll();
    fresh("m1", 77);
    silent.add("m2");
    assertThrows(AshlarException.class, () -> attempt("m1", config("m1").joining()));
  }

  @Test
  void anotherMasterAtTheAddressIsSaid() throws Exception {
    fresh("m1", 11);
    fresh("m3", 33);
    masters.put("m2", new Identity("mX", 5, "", List.of(), false, false));
    AshlarException e = assertThrows(AshlarException.class, () -> attempt("m1"));
    assertTrue(String.valueOf(e.getMessage()).contains("mX"), e.getMessage());
  }
}
