import { testContext } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { memoryLimiterConfig } from "../../memory/limiter-fields.ts";
import { createMemoryLimiterExtension } from "./memory-limiter-extension.ts";

const MIB = 1024 * 1024;

describe("memory_limiter extension", () => {
  it("refuses, retryably, from the soft limit on, and admits again by itself", async () => {
    let usedMib = 10;
    const context = testContext({ id: "memory_limiter", kind: "extension" });
    const memory = { usedBytes: () => usedMib * MIB, totalBytes: () => 1000 * MIB, collect: () => {} };
    const config = memoryLimiterConfig.parse({ check_interval: "100ms", limit_percentage: 10, spike_limit_percentage: 2 });
    const extension = createMemoryLimiterExtension(config, context, memory);
    void extension.start?.();
    expect(extension.admission?.refusal()).toBeUndefined();
    usedMib = 80;
    await context.clock.advance(100);
    expect(extension.admission?.refusal()).toMatchObject({
      message: "data refused due to high memory usage",
      code: "unavailable",
      retryable: true,
      retryAfterMs: 1000,
    });
    usedMib = 79;
    await context.clock.advance(100);
    expect(extension.admission?.refusal()).toBeUndefined();
    void extension.shutdown?.(AbortSignal.abort());
    expect(context.clock.pending).toBe(0);
  });
});
