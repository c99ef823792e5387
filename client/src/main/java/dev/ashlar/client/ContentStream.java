package dev.ashlar.client;

import dev.ashlar.erasure.ErasureCode;
import dev.ashlar.protocol.AshlarException;
import dev.ashlar.protocol.ErrorCode;
import dev.ashlar.protocol.Policy;
import dev.ashlar.protocol.message.ChunkPlace;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a range of a file in order, fetched ahead. Hands out the memory in which they
 * arrived, so nothing is copied here. For one thread.
 */
final class ContentStream implements AutoCloseable {
  /** Bytes of one block asked for in one request. */
  private static final int PIECE_BYTES = 512 << 10;

  /**
   * For how long a range that cannot be decoded is tried again: servers may be restarting, blocks
   * may have moved.
   */
  private static final Duration PERSISTENCE = Duration.ofSeconds(5);

  private static final long REFRESH_INTERVAL_NS = 1_000_000_000L;
  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();

  private final ClientServices services;
  private final Layout layout;
  private final String name;
  private final Policy policy;
  private final ErasureCode code;
  private final ReadDriver driver;
  private final long end;
  private final long unitBytes;
  private final ArrayDeque<Segment> window = new ArrayDeque<>();
  private long ahead;
  private final long mostAhead;
  private long position;
  private long nextStart;
  private long refreshedNs;

  /** Consecutive bytes of the file: of one chunk, or zeros if there is no range. */
  private static final class Segment {
    private final long from;
    private final long to;
    private final int chunk;
    private @Nullable RangeRead range;
    private long memory;

    Segment(long from, long to, int chunk) {
      this.from = from;
      this.to = to;
      this.chunk = chunk;
    }
  }

  /**
   * The bytes from {@code from} to {@code end}.
   *
   * @param ahead bytes to fetch ahead at first
   * @param mostAhead bound on what {@code ahead} grows to
   */
  ContentStream(
      ClientServices services,
      Layout layout,
      String name,
      Policy policy,
      long from,
      long end,
      long ahead,
      long mostAhead) {
    this.services = services;
    this.refreshedNs = services.world().nanoTime() - REFRESH_INTERVAL_NS;
    this.layout = layout;
    this.name = name;
    this.policy = policy;
    this.code = services.codes().of(policy);
    this.driver = new ReadDriver(services);
    this.position = from;
    this.nextStart = from;
    this.end = end;
    this.ahead = ahead;
    this.mostAhead = mostAhead;
    this.unitBytes = (long) Math.max(1, PIECE_BYTES / policy.cellBytes()) * policy.stripeBytes();
  }

  /** Offset in the file of what {@link #next} hands out next. */
  long position() {
    return position;
  }

  /**
   * The next bytes in order, at least one and at most {@code limit}; none at the end. The buffers
   * can be read until the next call, and their content counts as read.
   */
  List<ByteBuffer> next(long limit) throws AshlarException {
    dropRead();
    if (position >= end) {
      return List.of();
    }
    fill(limit);
    Segment head = window.getFirst();
    if (head.range != null) {
      arrive(head);
    }
    ahead = Math.min(mostAhead, ahead * 2);
    long count = Math.min(limit, head.to - position);
    List<ByteBuffer> views =
        head.range == null
            ? zeros(count)
            : views(head.range, position - head.chunk * policy.chunkBytes(), count);
    position += views.stream().mapToLong(ByteBuffer::remaining).sum();
    return views;
  }

  private void dropRead() {
    Segment head = window.peek();
    if (head != null && head.to <= position) {
      window.remove();
      release(head);
    }
  }

  private void release(Segment segment) {
    if (segment.range != null) {
      driver.end(segment.range);
    }
    services.readAhead().giveBack(segment.memory);
    segment.memory = 0;
  }

  /**
   * Starts what is to be under way: the segment at the position in any case, further ones as far as
   * window and memory allow.
   */
  private void fill(long limit) throws AshlarException {
    long until = Math.min(end, position + Math.max(ahead, Math.min(limit, mostAhead)));
    while (nextStart < until) {
      Segment segment = plan(nextStart);
      ChunkPlace place = layout.chunk(segment.chunk);
      if (place != null && segment.from < validEnd(segment.chunk, place)) {
        RangeRead range = range(segment, place);
        if (window.isEmpty()) {
          services.readAhead().take(range.memory());
        } else if (!services.readAhead().tryTake(range.memory())) {
          return;
        }
        segment.memory = range.memory();
        segment.range = range;
        driver.start(range);
      }
      window.add(segment);
      nextStart = segment.to;
    }
  }

  /**
   * The segment that starts at {@code from}: whole stripes, unless it starts, or the range ends,
   * within one.
   */
  private Segment plan(long from) throws AshlarException {
    int index = Math.toIntExact(from / policy.chunkBytes());
    long start = index * policy.chunkBytes();
    ChunkPlace place = layout.chunk(index);
    long validEnd = place == null ? start : validEnd(index, place);
    long to;
    if (from < validEnd) {
      long stripe = policy.stripeBytes();
      long unit = Math.clamp(ahead / 2 / stripe * stripe, stripe, unitBytes);
      to = Math.min(start + ((from - start) / stripe * stripe) + unit, validEnd);
    } else {
      to = start + policy.chunkBytes();
    }
    return new Segment(from, Math.min(to, end), index);
  }

  private long validEnd(int index, ChunkPlace place) {
    return index * policy.chunkBytes() + Math.min(place.validLength(), place.storedLength());
  }

  private RangeRead range(Segment segment, ChunkPlace place) {
    long start = segment.chunk * policy.chunkBytes();
    return new RangeRead(policy, code, place, segment.from - start, segment.to - start);
  }

  /** Waits until the segment's bytes are here. */
  private void arrive(Segment segment) throws AshlarException {
    long deadline =
        services.world().nanoTime()
            + Math.min(PERSISTENCE.toNanos(), services.config().blockTimeout().toNanos());
    Backoff backoff = new Backoff(services.world().random());
    while (true) {
      RangeRead range = segment.range;
      if (range == null) {
        return;
      }
      driver.await(range);
      if (range.done()) {
        refreshIfMoved(segment.chunk);
        return;
      }
      if (services.world().nanoTime() - deadline > 0) {
        throw lost(segment, range);
      }
      pause(backoff.nextMs());
      driver.end(range);
      layout.refresh(segment.chunk);
      ChunkPlace place = layout.chunk(segment.chunk);
      if (place == null) {
        throw new AshlarException(
            ErrorCode.INTERNAL, "The master forgot chunk " + segment.chunk + " of " + name);
      }
      RangeRead again = range(segment, place);
      segment.range = again;
      driver.start(again);
    }
  }

  private void refreshIfMoved(int chunk) throws AshlarException {
    long now = services.world().nanoTime();
    if (now - refreshedNs > REFRESH_INTERVAL_NS && driver.takePlacesMoved()) {
      refreshedNs = now;
      layout.refresh(chunk);
    }
  }

  private AshlarException lost(Segment segment, RangeRead range) {
    boolean away = range.mayReturn();
    return new AshlarException(
        away ? ErrorCode.DATA_AWAY : ErrorCode.DATA_LOST,
        "Bytes "
            + segment.from
            + " to "
            + segment.to
            + " of "
            + name
            + " cannot be read: fewer than "
            + policy.k()
            + " of the "
            + policy.width()
            + " blocks of chunk "
            + segment.chunk
            + " are readable ("
            + range.troubles()
            + (away
                ? "). They are not lost: bring back the servers that do not answer ('ashlar status'), then read it again"
                : "). Bring back the disks that held them if you can; 'ashlar fsck' lists what is affected"));
  }

  private void pause(long ms) throws AshlarException {
    try {
      services.world().sleep(TimeUnit.MILLISECONDS.toNanos(ms));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AshlarException(ErrorCode.TIMEOUT, "Interrupted while reading", e);
    }
  }

  private static List<ByteBuffer> zeros(long count) {
    List<ByteBuffer> views = new ArrayList<>();
    for (long left = count; left > 0 && views.size() < 16; left -= ZEROS.capacity()) {
      views.add(ZEROS.slice(0, (int) Math.min(left, ZEROS.capacity())));
    }
    return views;
  }

  /** The bytes of a range in the order of the file: cell by cell. */
  private List<ByteBuffer> views(RangeRead range, long from, long count) {
    List<ByteBuffer> views = new ArrayList<>();
    int cell = policy.cellBytes();
    long to = from + count;
    for (long at = from; at < to; ) {
      long stripe = at / policy.stripeBytes();
      int inStripe = (int) (at % policy.stripeBytes());
      int inCell = inStripe % cell;
      int length = (int) Math.min(cell - inCell, to - at);
      RangeRead.ByteBufRange bytes = range.content(inStripe / cell, stripe * cell + inCell, length);
      views.add(bytes.buffer().nioBuffer(bytes.index(), length));
      at += length;
    }
    return views;
  }

  @Override
  public void close() {
    window.forEach(this::release);
    window.clear();
    driver.close();
  }
}
