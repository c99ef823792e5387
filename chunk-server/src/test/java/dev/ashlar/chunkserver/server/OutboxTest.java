package dev.ashlar.chunkserver.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ashlar.protocol.BlockKey;
import dev.ashlar.protocol.message.MasterRequest.BadBlock;
import dev.ashlar.protocol.message.MasterRequest.TaskResult;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OutboxTest {
  private final AtomicInteger news = new AtomicInteger();
  private final Outbox outbox = new Outbox(news::incrementAndGet);

  @Test
  void keeps_everything_until_it_was_told() {
    outbox.ended(new TaskResult(1, "", 5));
    outbox.bad(new BadBlock(new BlockKey(1, 1, 0), 9, "rot"));
    outbox.bad(new BadBlock(new BlockKey(1, 1, 0), 9, "found again"));
    assertEquals(3, news.get());
    Outbox.Batch first = outbox.next();
    assertEquals(1, first.bad().size());
    assertEquals(first, outbox.next());
    outbox.ended(new TaskResult(2, "", 5));
    assertTrue(outbox.holds(1));
    assertTrue(outbox.told(first));
    assertFalse(outbox.holds(1));
    assertEquals(2, outbox.next().results().getFirst().task());
    assertFalse(outbox.told(outbox.next()));
  }

  @Test
  void sends_batches_and_forgets_bad_blocks_beyond_its_limit() {
    for (int i = 1; i <= Outbox.BAD_LIMIT + 10; i++) {
      outbox.bad(new BadBlock(new BlockKey(i, 1, 0), 9, "rot"));
    }
    int told = 0;
    boolean more = true;
    while (more) {
      Outbox.Batch batch = outbox.next();
      assertTrue(batch.bad().size() <= Outbox.BATCH);
      told += batch.bad().size();
      more = outbox.told(batch);
    }
    assertEquals(Outbox.BAD_LIMIT, told);
  }
}
