package dev.ashlar.erasure;

import java.util.Arrays;

/** An immutable matrix over {@link Galois}. */
final class Matrix {
  private final int columns;
  private final byte[][] cells;

  private Matrix(byte[][] cells, int columns) {
    this.cells = cells;
    this.columns = columns;
  }

  /** What is at a place. */
  interface Cell {
    int at(int row, int column);
  }

  static Matrix of(int rows, int columns, Cell cell) {
    byte[][] cells = new byte[rows][columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        cells[r][c] = (byte) cell.at(r, c);
      }
    }
    return new Matrix(cells, columns);
  }

  /**
   * The systematic Vandermonde matrix of {@code k + m} rows that Backblaze uses: V[r][c] = r^c,
   * times the inverse of its own top, so that the first k rows are the identity. Any k of its rows
   * are invertible, since any k rows of V are, the r being distinct.
   */
  static Matrix reedSolomon(int k, int m) {
    Matrix vandermonde = of(k + m, k, Galois::power);
    return vandermonde.times(vandermonde.rows(0, k).inverse());
  }

  /** The identity over one row of ones. */
  static Matrix xor(int k) {
    return of(k + 1, k, (r, c) -> r == k || r == c ? 1 : 0);
  }

  int rows() {
    return cells.length;
  }

  int columns() {
    return columns;
  }

  int at(int row, int column) {
    return cells[row][column] & 0xff;
  }

  private Matrix rows(int from, int to) {
    return of(to - from, columns, (r, c) -> at(from + r, c));
  }

  /** These rows, in this order. */
  Matrix rows(int[] chosen) {
    return of(chosen.length, columns, (r, c) -> at(chosen[r], c));
  }

  /** These columns, in this order. */
  Matrix columns(int[] chosen) {
    return of(cells.length, chosen.length, (r, c) -> at(r, chosen[c]));
  }

  Matrix times(Matrix right) {
    return of(
        rows(),
        right.columns,
        (r, c) -> {
          int sum = 0;
          for (int i = 0; i < columns; i++) {
            sum ^= Galois.multiply(at(r, i), right.at(i, c));
          }
          return sum;
        });
  }

  /**
   * The inverse of a square matrix, by Gauss and Jordan.
   *
   * @throws ArithmeticException if it has none
   */
  Matrix inverse() {
    int n = rows();
    if (n != columns) {
      throw new ArithmeticException(
          "Only a square matrix has an inverse, not " + n + " x " + columns);
    }
    int[][] work = new int[n][2 * n];
    for (int r = 0; r < n; r++) {
      for (int c = 0; c < n; c++) {
        work[r][c] = at(r, c);
      }
      work[r][n + r] = 1;
    }
    for (int c = 0; c < n; c++) {
      swapPivotUp(work, c);
      scale(work[c], Galois.invert(work[c][c]));
      for (int r = 0; r < n; r++) {
        if (r != c) {
          subtract(work[r], work[r][c], work[c]);
        }
      }
    }
    return of(n, n, (r, c) -> work[r][n + c]);
  }

  private static void swapPivotUp(int[][] work, int c) {
    int pivot = c;
    while (work[pivot][c] == 0) {
      if (++pivot == work.length) {
        throw new ArithmeticException("The matrix is singular in column " + c);
      }
    }
    int[] row = work[pivot];
    work[pivot] = work[c];
    work[c] = row;
  }

  private static void scale(int[] row, int factor) {
    for (int i = 0; i < row.length; i++) {
      row[i] = Galois.multiply(row[i], factor);
    }
  }

  private static void subtract(int[] row, int factor, int[] other) {
    if (factor != 0) {
      for (int i = 0; i < row.length; i++) {
        row[i] ^= Galois.multiply(factor, other[i]);
      }
    }
  }

  /** True if every cell is 1: the product is a plain exclusive or. */
  boolean isAllOnes() {
    for (byte[] row : cells) {
      for (byte cell : row) {
        if (cell != 1) {
          return false;
        }
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return Arrays.deepToString(cells);
  }
}
