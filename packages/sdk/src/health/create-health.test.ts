import { AsyncLocalStorage } from "node:async_hooks";
import { context, createContextKey, createNoopMeter, ROOT_CONTEXT, type Context, type ContextManager } from "@opentelemetry/api";
import { settlePromises, VirtualClock } from "@tidemark/core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { CheckOptions, CheckReport, Health } from "../index.ts";
import { createHealth } from "../index.ts";

const STARTED = Date.parse("2026-08-21T09:00:00Z");
const SECOND = 1000;

let clock: VirtualClock;
let health: Health;

beforeEach(() => {
  clock = new VirtualClock(STARTED);
  health = createHealth({ service: "order-service", clock, meter: createNoopMeter() });
});

const check = (name: string): CheckReport | undefined => health.report().details.checks[name];

/** Registers a check whose results stand in a list; the last one stays. Returns how it was called. */
function scripted(results: (() => ReturnType<CheckOptions["run"]>)[], options: Partial<CheckOptions> = {}): AbortSignal[] {
  const signals: AbortSignal[] = [];
  health.registerCheck({
    name: "payment_gateway",
    run: (signal) => {
      const result = results[Math.min(signals.length, results.length - 1)];
      signals.push(signal);
      return result?.();
    },
    ...options,
  });
  return signals;
}

const refused = (): never => {
  throw new Error("connection refused");
};
const never = (): Promise<void> => new Promise(() => {});

describe("a service", () => {
  it("is UP without checks, and before the first result of one", async () => {
    expect(health.report()).toEqual({ service: "order-service", status: "UP", details: { uptime_seconds: 0, checks: {} } });
    scripted([never], { critical: true, failureThreshold: 1 });
    await clock.advance(1.5 * SECOND);
    expect(health.report()).toEqual({
      service: "order-service",
      status: "UP",
      details: { uptime_seconds: 2, checks: { payment_gateway: { status: "UNKNOWN" } } },
    });
  });

  it("reports in the shape of the collector's /health, with details of the checks and a reason code", async () => {
    health.registerCheck({ name: "redis", run: () => ({ details: { redis_latency_ms: 42.7 } }) });
    health.registerCheck({ name: "payment_gateway", failureThreshold: 2, run: refused });
    health.registerSampledCheck({ name: "stock_cache", threshold: { below: 0.8 }, sample: () => 0.93 });
    await clock.advance(31 * SECOND);
    expect(JSON.parse(JSON.stringify(health.report()))).toEqual({
      service: "order-service",
      status: "DEGRADED",
      reason_code: "check_failed",
      details: {
        redis_latency_ms: 42.7,
        uptime_seconds: 31,
        checks: {
          redis: { status: "UP", checked_at: "2026-08-21T09:00:30.000Z", duration_ms: 0 },
          payment_gateway: {
            status: "DEGRADED",
            reason_code: "check_failed",
            reason: "connection refused",
            since: "2026-08-21T09:00:00.000Z",
            consecutive_failures: 2,
            checked_at: "2026-08-21T09:00:30.000Z",
            duration_ms: 0,
          },
          stock_cache: {
            status: "UP",
            checked_at: "2026-08-21T09:00:30.000Z",
            duration_ms: 0,
            value: 0.93,
            threshold: { below: 0.8 },
          },
        },
      },
    });
  });

  it("is as bad as its worst check, with the reason of the first one that is so bad", async () => {
    const failing = (name: string, reasonCode: string, critical: boolean): void =>
      void health.registerCheck({ name, critical, failureThreshold: 1, run: () => ({ healthy: false, reasonCode }) });
    failing("a", "cache_cold", false);
    await clock.advance(0);
    expect(health.report()).toMatchObject({ status: "DEGRADED", reason_code: "cache_cold" });
    failing("b", "pool_exhausted", true);
    failing("c", "disk_full", true);
    await clock.advance(0);
    expect(health.report()).toMatchObject({ status: "DOWN", reason_code: "pool_exhausted" });
  });

  it("keeps its own names in details, and takes any name of a check", async () => {
    health.registerCheck({
      name: "__proto__",
      run: () => ({ details: JSON.parse('{"checks":"mine","uptime_seconds":-1,"__proto__":1}') as Record<string, unknown> }),
    });
    await clock.advance(0);
    expect(JSON.stringify(health.report().details)).toBe(
      '{"checks":{"__proto__":{"status":"UP","checked_at":"2026-08-21T09:00:00.000Z","duration_ms":0}},"uptime_seconds":0,"__proto__":1}',
    );
  });
});

describe("a check", () => {
  it("runs at once and then every 30 s, degrades from the third failure on, and recovers with the first success", async () => {
    const signals = scripted([refused, refused, refused, refused, () => undefined]);
    const seen: unknown[] = [];
    for (let run = 1; run <= 5; run += 1) {
      await clock.advance(run === 1 ? 0 : 30 * SECOND);
      seen.push([signals.length, health.report().status, check("payment_gateway")?.consecutive_failures]);
    }
    expect(seen).toEqual([
      [1, "UP", 1],
      [2, "UP", 2],
      [3, "DEGRADED", 3],
      [4, "DEGRADED", 4],
      [5, "UP", undefined],
    ]);
    expect(check("payment_gateway")).toEqual({ status: "UP", checked_at: "2026-08-21T09:02:00.000Z", duration_ms: 0 });
  });

  it("fails after 2 s without a result: its signal is aborted, and what comes later does not count", async () => {
    let answer = (): void => {};
    const signals = scripted([() => new Promise((resolve) => (answer = () => resolve({ details: { late: true } })))], {
      failureThreshold: 1,
    });
    await clock.advance(1999);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]?.reason).toMatchObject({ name: "TimeoutError" });
    expect(check("payment_gateway")).toMatchObject({
      status: "DEGRADED",
      reason_code: "timeout",
      reason: "no result within 2000 ms",
      duration_ms: 2000,
    });
    answer();
    await settlePromises();
    expect(health.report()).toMatchObject({ status: "DEGRADED", reason_code: "timeout" });
    expect(health.report().details).not.toHaveProperty("late");
    await clock.advance(28 * SECOND);
    expect(signals).toHaveLength(2);
  });

  it("never overlaps itself: a run that goes on past its signal fails again at each interval, until it ends", async () => {
    let answer = (): void => {};
    const signals = scripted([() => new Promise((resolve) => (answer = () => resolve(undefined))), () => undefined]);
    await clock.advance(60 * SECOND);
    expect(signals).toHaveLength(1);
    expect(check("payment_gateway")).toMatchObject({
      status: "DEGRADED",
      reason_code: "timeout",
      reason: "still running after 60 s, though its signal is aborted",
      consecutive_failures: 3,
      since: "2026-08-21T09:00:02.000Z",
      duration_ms: 60_000,
    });
    answer();
    await clock.advance(30 * SECOND);
    expect(signals).toHaveLength(2);
    expect(health.report().status).toBe("UP");
  });

  it("keeps its interval from start to start, and never has two runs even when one takes longer than the interval", async () => {
    const starts: number[] = [];
    const run = (): Promise<void> => {
      starts.push(clock.now() - STARTED);
      return new Promise((resolve) => void clock.setTimeout(resolve, starts.length === 2 ? 2500 : 400));
    };
    health.registerCheck({ name: "slow", intervalMs: 1000, timeoutMs: 3000, run });
    await clock.advance(5600);
    expect(starts).toEqual([0, 1000, 3500, 4500, 5500]);
    expect(check("slow")?.duration_ms).toBe(400);
  });

  it("runs outside of the trace in which it was registered", async () => {
    const storage = new AsyncLocalStorage<Context>();
    const manager: ContextManager = {
      active: () => storage.getStore() ?? ROOT_CONTEXT,
      with: (within, fn, self, ...args) => storage.run(within, () => fn.apply(self as ThisParameterType<typeof fn>, args)),
      bind: (_, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    context.setGlobalContextManager(manager);
    try {
      const key = createContextKey("request");
      const seen: unknown[] = [];
      await context.with(ROOT_CONTEXT.setValue(key, "request 7"), async () => {
        seen.push(context.active().getValue(key));
        health.registerCheck({ name: "x", run: () => void seen.push(context.active().getValue(key)) });
        await clock.advance(0);
      });
      expect(seen).toEqual(["request 7", undefined]);
    } finally {
      context.disable();
    }
  });

  it("may be an object of a class", async () => {
    class Pool implements CheckOptions {
      readonly name = "pool";
      readonly #free = 3;
      run(): { details: { free: number } } {
        return { details: { free: this.#free } };
      }
    }
    health.registerCheck(new Pool());
    await clock.advance(0);
    expect(health.report().details).toMatchObject({ free: 3, checks: { pool: { status: "UP" } } });
  });

  it.each<[options: object, message: string]>([
    [{ name: "" }, "a health check has no name; give name, such as payment_gateway"],
    [{ intervalMs: 0 }, 'health check "x": intervalMs is 0; give a whole number from 1 to 2147483647'],
    [{ timeoutMs: Number.NaN }, 'health check "x": timeoutMs is NaN; give a whole number from 1 to 2147483647'],
    [{ timeoutMs: 2 ** 31 }, 'health check "x": timeoutMs is 2147483648; give a whole number from 1 to 2147483647'],
    [{ failureThreshold: 0 }, 'health check "x": failureThreshold is 0; give a whole number from 1 to 9007199254740991'],
    [{ run: undefined }, 'health check "x" has no function run; give one that makes the check'],
  ])("with %o is refused", (options, message) => {
    expect(() => health.registerCheck({ name: "x", run: () => undefined, ...options })).toThrow(new TypeError(message));
    expect(clock.pending).toBe(0);
  });

  it("whose name is taken is refused, until the first one is taken away", async () => {
    const unregister = health.registerCheck({ name: "x", failureThreshold: 1, run: refused });
    expect(() => health.registerCheck({ name: "x", run: refused })).toThrow('there is a health check "x" already; choose another name');
    await clock.advance(0);
    expect(health.report().status).toBe("DEGRADED");
    unregister();
    expect(health.report()).toMatchObject({ status: "UP", details: { checks: {} } });
    expect(clock.pending).toBe(0);
    health.registerCheck({ name: "x", run: () => undefined });
    unregister();
    expect(check("x")).toEqual({ status: "UNKNOWN" });
  });
});

describe("shutdown", () => {
  it("stops every timer, aborts what runs, and is DOWN from then on", async () => {
    const [signals, idle] = [scripted([never]), createHealth({ service: "idle", clock, meter: createNoopMeter() })];
    health.registerCheck({ name: "cache", run: () => undefined });
    await clock.advance(1);
    health.shutdown();
    health.shutdown();
    expect(clock.pending).toBe(0);
    expect(signals[0]?.aborted).toBe(true);
    expect(health.report()).toMatchObject({
      status: "DOWN",
      reason_code: "shutting_down",
      details: { checks: { cache: { status: "UP" } } },
    });
    expect(() => health.registerCheck({ name: "late", run: () => undefined })).toThrow('health check "late" comes after shutdown');
    idle.shutdown();
    expect(idle.report().status).toBe("DOWN");
  });

  it("ends a check that rejects because of it without a trace", async () => {
    scripted([]);
    health.registerCheck({
      name: "fetch",
      run: (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    });
    await clock.advance(1);
    health.shutdown();
    await clock.advance(60 * SECOND);
    expect(check("fetch")).toEqual({ status: "UNKNOWN" });
  });
});

describe("createHealth", () => {
  it("names the mistake in its options", () => {
    expect(() => createHealth({ service: "" })).toThrow(new TypeError("service is empty; give the name of the service, such as chat"));
    expect(() => createHealth({ service: "x", degradedStatus: 99 })).toThrow(
      new TypeError("degradedStatus is 99; give an HTTP status from 200 to 599"),
    );
  });
});
