import { createNoopMeter, type Counter, type Meter } from "@opentelemetry/api";
import { PipelineError } from "@tidemark/core";
import { testContext, testDelivery, type TestContext } from "@tidemark/core/testing";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { memoryLimiterConfig } from "../../memory/limiter-fields.ts";
import { memoryLimits } from "../../memory/memory-limiter.ts";
import type { Memory } from "../../memory/process-memory.ts";
import { createMemoryLimiter } from "./create.ts";

const MIB = 1024 * 1024;
const BASE = { check_interval: "1s", limit_mib: 100, spike_limit_mib: 20 };

interface FakeMemory extends Memory {
  usedMib: number;
  collections: number;
}

/** Memory that a collection brings down by `freedMib`. */
function fakeMemory(freedMib = 0): FakeMemory {
  const memory: FakeMemory = {
    usedMib: 10,
    collections: 0,
    usedBytes: () => memory.usedMib * MIB,
    totalBytes: () => 1000 * MIB,
    collect: () => {
      memory.collections += 1;
      memory.usedMib -= freedMib;
    },
  };
  return memory;
}

function limiter(memory: Memory, config: Record<string, unknown> = BASE, context: TestContext = testContext({ id: "memory_limiter" })) {
  const processor = createMemoryLimiter(memoryLimiterConfig.parse(config), { ...context, signal: "traces" as const }, memory);
  const delivery = testDelivery(traces({ spans: [{}] }));
  const accepts = (): boolean => {
    try {
      return processor.process(delivery.batch, delivery) === delivery.batch;
    } catch (caught) {
      expect(caught).toBeInstanceOf(PipelineError);
      expect(caught).toMatchObject({
        message: "data refused due to high memory usage",
        code: "unavailable",
        retryable: true,
        retryAfterMs: 1000,
      });
      return false;
    }
  };
  return { context, processor, accepts };
}

describe("limits", () => {
  it.each([
    [{ limit_mib: 100 }, 100, 80],
    [{ limit_mib: 100, spike_limit_mib: 30 }, 100, 70],
    [{ limit_percentage: 50 }, 500, 400],
    [{ limit_percentage: 50, spike_limit_percentage: 25 }, 500, 250],
    [{ limit_mib: 100, limit_percentage: 50 }, 100, 80],
  ])("%o of 1000 MiB", (config, hardMib, softMib) => {
    expect(memoryLimits(memoryLimiterConfig.parse({ check_interval: "1s", ...config }), () => 1000 * MIB)).toEqual({
      hardBytes: hardMib * MIB,
      softBytes: softMib * MIB,
    });
  });
});

describe("refusing", () => {
  it("begins at the soft limit and ends below it, at the next measurement", async () => {
    const memory = fakeMemory();
    const { context, processor, accepts } = limiter(memory);
    void processor.start?.();
    memory.usedMib = 79;
    await context.clock.advance(1000);
    expect(accepts()).toBe(true);
    memory.usedMib = 80;
    expect(accepts()).toBe(true);
    await context.clock.advance(1000);
    expect(accepts()).toBe(false);
    memory.usedMib = 10;
    await context.clock.advance(1000);
    expect(accepts()).toBe(true);
    expect(context.lines.filter((line) => line.level === "warn").map((line) => line.message)).toEqual([
      "Memory usage is above soft limit. Refusing data.",
    ]);
    expect(context.lines.at(-1)?.message).toBe("Memory usage back within limits. Resuming normal operation.");
  });

  it("shows in the health report while it lasts", async () => {
    const memory = fakeMemory();
    const { context, processor } = limiter(memory);
    void processor.start?.();
    await context.clock.advance(1000);
    memory.usedMib = 81;
    await context.clock.advance(1000);
    memory.usedMib = 10;
    await context.clock.advance(1000);
    expect(context.troubles).toEqual([
      ["memory_limited", "10 MiB are in use, and data is refused from 80 MiB on", 0],
      ["memory_limited", "81 MiB are in use, and data is refused from 80 MiB on", 4000],
      ["memory_limited", "10 MiB are in use, and data is refused from 80 MiB on", 0],
    ]);
  });

  it("is one decision for all pipelines, measured until the last of them stops", async () => {
    const memory = fakeMemory();
    const first = limiter(memory);
    const second = limiter(memory, BASE, first.context);
    void first.processor.start?.();
    void second.processor.start?.();
    memory.usedMib = 90;
    await first.context.clock.advance(1000);
    expect([first.accepts(), second.accepts()]).toEqual([false, false]);
    void first.processor.shutdown?.(AbortSignal.timeout(1000));
    expect(first.context.clock.pending).toBe(1);
    void second.processor.shutdown?.(AbortSignal.timeout(1000));
    expect(first.context.clock.pending).toBe(0);
  });
});

describe("forced collections", () => {
  it("keep data flowing when they help", async () => {
    const memory = fakeMemory(80);
    const { context, processor, accepts } = limiter(memory);
    void processor.start?.();
    memory.usedMib = 120;
    await context.clock.advance(1000);
    expect(memory.collections).toBe(1);
    expect(accepts()).toBe(true);
  });

  it("come at most every 10 s above the soft limit", async () => {
    const memory = fakeMemory(5);
    const { context, processor, accepts } = limiter(memory);
    void processor.start?.();
    for (let second = 0; second < 10; second += 1) {
      memory.usedMib = 90;
      await context.clock.advance(1000);
    }
    expect(memory.collections).toBe(1);
    expect(accepts()).toBe(false);
  });

  it("come every second while each makes room: refusing costs more", async () => {
    const memory = fakeMemory(50);
    const { context, processor, accepts } = limiter(memory, { ...BASE, check_interval: "200ms" });
    void processor.start?.();
    for (let second = 0; second < 10; second += 1) {
      memory.usedMib = 90;
      await context.clock.advance(1000);
      expect(accepts()).toBe(true);
    }
    expect(memory.collections).toBe(10);
  });

  it("become rarer while they free nothing, and frequent again once memory is back", async () => {
    const memory = fakeMemory(0);
    const { context, processor } = limiter(memory);
    void processor.start?.();
    memory.usedMib = 150;
    await context.clock.advance(120_000);
    // Every second would be 120; the interval doubles up to 30 s.
    expect(memory.collections).toBeLessThan(10);
    memory.usedMib = 10;
    await context.clock.advance(1000);
    const before = memory.collections;
    memory.usedMib = 150;
    await context.clock.advance(1000);
    expect(memory.collections).toBe(before + 1);
  });
});

describe("options", () => {
  it.each([
    [{ limit_mib: 1 }, "'check_interval' must be greater than zero"],
    [{ check_interval: "1s" }, "'limit_mib' or 'limit_percentage' must be greater than zero"],
    [{ ...BASE, spike_limit_mib: 100 }, "'spike_limit_mib' must be smaller than 'limit_mib'"],
    [
      { check_interval: "1s", limit_percentage: 50, spike_limit_percentage: 60 },
      "'spike_limit_percentage' must be smaller than 'limit_percentage'",
    ],
    [
      { check_interval: "1s", limit_percentage: 101 },
      "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred",
    ],
    [
      { ...BASE, min_gc_interval_when_hard_limited: "11s" },
      "'min_gc_interval_when_soft_limited' should be larger than 'min_gc_interval_when_hard_limited'",
    ],
    [
      { ...BASE, max_gc_interval_when_soft_limited: "9s", max_gc_interval_when_hard_limited: "0s" },
      "'max_gc_interval_when_soft_limited' must be greater than or equal to 'min_gc_interval_when_soft_limited' (or 0 to disable)",
    ],
    [
      { ...BASE, min_gc_interval_when_hard_limited: "9s", max_gc_interval_when_hard_limited: "8s" },
      "'max_gc_interval_when_hard_limited' must be greater than or equal to 'min_gc_interval_when_hard_limited' (or 0 to disable)",
    ],
    [
      { ...BASE, max_gc_interval_when_soft_limited: "20s" },
      "'max_gc_interval_when_soft_limited' should be larger than or equal to 'max_gc_interval_when_hard_limited' (when both are set)",
    ],
  ])("%o: %s", (config, message) => {
    expect(memoryLimiterConfig.safeParse(config).error?.issues.map((issue) => issue.message)).toContain(message);
  });
});

/** A meter that writes down what is added to counters. */
function recordingMeter(seen: unknown[]): Meter {
  const createCounter = (name: string): Counter => ({ add: (value, labels) => void seen.push([name, value, labels]) });
  return Object.assign(Object.create(createNoopMeter()) as Meter, { createCounter });
}

describe("metrics", () => {
  it("count what was accepted and what was refused, under the Collector's names", async () => {
    const seen: unknown[] = [];
    const memory = fakeMemory();
    const { context, processor, accepts } = limiter(memory, BASE, {
      ...testContext({ id: "memory_limiter" }),
      meter: recordingMeter(seen),
    });
    void processor.start?.();
    accepts();
    memory.usedMib = 90;
    await context.clock.advance(1000);
    accepts();
    expect(seen).toEqual([
      ["otelcol_processor_memory_limiter_accepted_spans", 1, { processor: "memory_limiter" }],
      ["otelcol_processor_memory_limiter_refused_spans", 1, { processor: "memory_limiter" }],
    ]);
  });
});
