package dev.ashlar.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
  @ParameterizedTest
  @CsvSource({
    "0,0",
    "4096,4096",
    "64k,65536",
    "64KiB,65536",
    "1.5g,1610612736",
    "4t,4398046511104",
    "7b,7",
    "2MB,2097152"
  })
  void reads(String text, long bytes) {
    assertEquals(bytes, Sizes.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "k", "-1", "1x", "9000000p", "0x10"})
  void refuses(String text) {
    assertThrows(IllegalArgumentException.class, () -> Sizes.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0 B",
    "1023,1023 B",
    "1024,1.00 KiB",
    "1536,1.50 KiB",
    "1048575,1.00 MiB",
    "123456789,118 MiB",
    "9223372036854775807,8.00 EiB"
  })
  void shows(long bytes, String text) {
    assertEquals(text, Sizes.human(bytes));
  }
}
