package dev.ashlar.cli;

/** Whether two words differ so little that one may be a slip for the other. */
final class Similar {
  private Similar() {}

  static boolean close(String a, String b) {
    return a.startsWith(b) && b.length() >= 2
        || distance(a, b) <= (Math.max(a.length(), b.length()) > 4 ? 2 : 1);
  }

  /** Letters to insert, delete or replace to make one from the other. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
