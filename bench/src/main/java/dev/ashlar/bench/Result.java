package dev.ashlar.bench;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** One line of figures: what was run, and what came out, in the order it is shown. */
record Result(String name, Map<String, Double> figures) {
  static Result of(String name) {
    return new Result(name, new LinkedHashMap<>());
  }

  Result with(String figure, double value) {
    figures.put(figure, value);
    return this;
  }

  double figure(String name) {
    return figures.getOrDefault(name, 0.0);
  }

  String text() {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-34s", name));
    figures.forEach((k, v) -> line.append(String.format(Locale.ROOT, "  %s %s", k, number(v))));
    return line.toString();
  }

  String json() {
    StringBuilder object = new StringBuilder("{\"name\":\"" + name + "\"");
    figures.forEach((k, v) -> object.append(",\"").append(k).append("\":").append(number(v)));
    return object.append('}').toString();
  }

  private static String number(double v) {
    return String.format(Locale.ROOT, v >= 100 ? "%.0f" : "%.2f", v);
  }
}
