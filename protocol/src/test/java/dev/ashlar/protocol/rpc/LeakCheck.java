package dev.ashlar.protocol.rpc;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class that loses a buffer or a request: collects what Netty's leak detector (at
 * level paranoid) reports.
 */
final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
  static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

  static {
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(
        new ResourceLeakDetectorFactory() {
          @Override
          @Deprecated
          public <T> ResourceLeakDetector<T> newResourceLeakDetector(
              Class<T> resource, int samplingInterval, long maxActive) {
            return new Recorder<>(resource, samplingInterval);
          }
        });
  }

  /** Reports to {@link #FOUND} what it otherwise would log. */
  private static final class Recorder<T> extends ResourceLeakDetector<T> {
    Recorder(Class<?> type, int samplingInterval) {
      super(type, samplingInterval);
    }

    @Override
    protected boolean needReport() {
      return true;
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
      FOUND.add(resourceType + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
      FOUND.add(resourceType);
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    FOUND.clear();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    look();
    if (!FOUND.isEmpty()) {
      throw new AssertionError(FOUND.size() + " leaks, the first: " + FOUND.peek());
    }
  }

  /** Lets the detector find what is lost by now: it looks when the next buffer is made. */
  static void look() {
    for (int i = 0; i < 3; i++) {
      System.gc();
      PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
    }
  }
}
