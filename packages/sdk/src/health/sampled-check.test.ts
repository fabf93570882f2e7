import { createNoopMeter } from "@opentelemetry/api";
import { VirtualClock } from "@tidemark/core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { CheckReport, Health, SampledCheckOptions } from "../index.ts";
import { createHealth } from "../index.ts";

const SECOND = 1000;

let clock: VirtualClock;
let health: Health;

beforeEach(() => {
  clock = new VirtualClock();
  health = createHealth({ service: "order-service", clock, meter: createNoopMeter() });
});

const check = (name: string): CheckReport | undefined => health.report().details.checks[name];

describe("a sampled check", () => {
  /** Registers one with a list of samples, and returns its status after each. */
  async function statuses(samples: readonly unknown[], options: Omit<SampledCheckOptions, "name" | "sample">): Promise<unknown[]> {
    let next = 0;
    health.registerSampledCheck({ name: "stock_cache", ...options, sample: () => samples[next++] as number });
    const seen: unknown[] = [];
    for (let index = 0; index < samples.length; index += 1) {
      await clock.advance(index === 0 ? 0 : 15 * SECOND);
      seen.push(check("stock_cache")?.status);
    }
    return seen;
  }

  it("needs a threshold", () => {
    const register = (threshold?: unknown): (() => void) =>
      health.registerSampledCheck({ name: "x", sample: () => 1, threshold } as SampledCheckOptions);
    expect(() => register()).toThrow(
      new TypeError('health check "x" has no threshold; what is bad only you know: give threshold: { below: 0.8 } or { above: 100 }'),
    );
    expect(() => register({ below: 1, above: 2 })).toThrow("a threshold on both sides");
    expect(() => register({ below: "1" })).toThrow("threshold.below is 1; give a number");
    expect(() => register({ above: Number.NaN })).toThrow("threshold.above is NaN; give a number");
    expect(() => register({ below: 0.8, recovery: 0.7 })).toThrow(
      "threshold.recovery is 0.7, on the bad side of 0.8; give a value above it",
    );
    expect(() => register({ above: 5, recovery: 6 })).toThrow("threshold.recovery is 6, on the bad side of 5; give a value below it");
    expect(health.report().details.checks).toEqual({});
  });

  it("samples every 15 s and is unhealthy while the value is below the threshold", async () => {
    expect(await statuses([0.9, 0.8, 0.79, 0.8], { threshold: { below: 0.8 } })).toEqual(["UP", "UP", "DEGRADED", "UP"]);
  });

  it("is unhealthy while the value is above the threshold", async () => {
    expect(await statuses([5, 10, 11], { threshold: { above: 10 }, critical: true })).toEqual(["UP", "UP", "DOWN"]);
    expect(check("stock_cache")).toMatchObject({
      reason_code: "above_threshold",
      reason: "11 is above 10",
      value: 11,
      threshold: { above: 10 },
    });
  });

  it("stays unhealthy until the value is back at the recovery mark", async () => {
    const threshold = { below: 0.8, recovery: 0.9 };
    expect(await statuses([0.85, 0.7, 0.85, 0.85, 0.9, 0.85], { threshold })).toEqual([
      "UP",
      "DEGRADED",
      "DEGRADED",
      "DEGRADED",
      "UP",
      "UP",
    ]);
  });

  it("does not count values before the recovery mark while it is healthy", async () => {
    const threshold = { above: 10, recovery: 8 };
    expect(await statuses([11, 9, 11, 11, 9, 8], { threshold, failureThreshold: 2 })).toEqual([
      "UP",
      "UP",
      "UP",
      "DEGRADED",
      "DEGRADED",
      "UP",
    ]);
  });

  it("takes no sample for a good sample, and what is no number for a failure", async () => {
    const threshold = { below: 0.8, recovery: 0.9 };
    expect(await statuses([0.1, Number.NaN, 0.85, undefined, Number.NaN, 0.85, "0.9"], { threshold })).toEqual([
      "DEGRADED",
      "DEGRADED",
      "DEGRADED",
      "UP",
      "DEGRADED",
      "UP",
      "DEGRADED",
    ]);
    expect(check("stock_cache")).toMatchObject({
      reason_code: "invalid_result",
      reason: "the sample is of type string; return a finite number, or undefined when there is nothing to judge",
    });
    expect(check("stock_cache")).not.toHaveProperty("value");
  });

  it("fails after 500 ms without a sample", async () => {
    health.registerSampledCheck({ name: "stock_cache", threshold: { below: 0.8 }, sample: () => new Promise(() => {}) });
    await clock.advance(499);
    expect(check("stock_cache")?.status).toBe("UNKNOWN");
    await clock.advance(1);
    expect(check("stock_cache")).toMatchObject({ status: "DEGRADED", reason_code: "timeout" });
  });
});
