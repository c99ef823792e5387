package dev.ashlar.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The file system as it must look: every name, with all that it stood for and may stand for. */
final class Model {
  private final Map<String, NameHistory> names = new TreeMap<>();
  private final List<SharedHistory> shared = new ArrayList<>();
  private long stamps;

  NameHistory name(String path) {
    return names.computeIfAbsent(path, NameHistory::new);
  }

  List<NameHistory> names() {
    return List.copyOf(names.values());
  }

  List<SharedHistory> shared() {
    return shared;
  }

  /** Different each time. */
  long stamp() {
    return ++stamps;
  }
}
