package dev.ashlar.erasure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;

class MatrixTest {
  private static void assertIdentity(Matrix matrix) {
    for (int r = 0; r < matrix.rows(); r++) {
      for (int c = 0; c < matrix.columns(); c++) {
        assertEquals(r == c ? 1 : 0, matrix.at(r, c));
      }
    }
  }

  /** Rows written down from Backblaze's own matrix. */
  @Test
  void reedSolomonRows() {
    int[][] fourTwo = {{0x1b, 0x1c, 0x12, 0x14}, {0x1c, 0x1b, 0x14, 0x12}};
    Matrix matrix = Matrix.reedSolomon(4, 2);
    for (int r = 0; r < 2; r++) {
      for (int c = 0; c < 4; c++) {
        assertEquals(fourTwo[r][c], matrix.at(4 + r, c));
      }
    }
    for (int c = 0; c < 6; c++) {
      assertEquals(7 - c, Matrix.reedSolomon(6, 3).at(6, c));
    }
  }

  @Test
  void inverseUndoes() {
    Random random = new Random(Shards.seed("MatrixTest"));
    for (int n = 1; n < 20; n++) {
      Matrix generator = Matrix.reedSolomon(n, 20);
      int[] rows = random.ints(0, n + 20).distinct().limit(n).toArray();
      Matrix square = generator.rows(rows);
      assertIdentity(square.times(square.inverse()));
      assertIdentity(square.inverse().times(square));
    }
  }

  @Test
  void singularAndOblong() {
    assertThrows(ArithmeticException.class, () -> Matrix.of(2, 2, (r, c) -> 7).inverse());
    assertThrows(ArithmeticException.class, () -> Matrix.reedSolomon(3, 1).inverse());
  }
}
