import { createNoopMeter } from "@opentelemetry/api";
import { VirtualClock } from "@tidemark/core/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { CheckReport, CheckResult, Health } from "../index.ts";
import { createHealth } from "../index.ts";

const STARTED = Date.parse("2026-08-21T09:00:00Z");
const SECOND = 1000;

const refused = (): never => {
  throw new Error("connection refused");
};

let clock: VirtualClock;
let health: Health;

beforeEach(() => {
  clock = new VirtualClock(STARTED);
  health = createHealth({ service: "order-service", clock, meter: createNoopMeter() });
});

const check = (name: string): CheckReport | undefined => health.report().details.checks[name];

describe("a check", () => {
  it.each<[what: string, run: () => unknown, code: string, reason: string]>([
    ["throws", refused, "check_failed", "connection refused"],
    ["rejects", () => Promise.reject(new Error("no route")), "check_failed", "no route"],
    [
      "rejects as fetch does",
      () =>
        Promise.reject(
          new TypeError("fetch failed", { cause: new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")]) }),
        ),
      "check_failed",
      "fetch failed: ::1 refused: 127.0.0.1 refused",
    ],
    ["throws no error", () => Promise.reject("text"), "check_failed", "text"],
    ["throws what has no text", () => Promise.reject(Object.create(null)), "check_failed", "what was thrown has no text"],
    ["throws an error without a message", () => Promise.reject(new RangeError()), "check_failed", "RangeError"],
    ["throws a long text", () => Promise.reject(new Error("x".repeat(9999))), "check_failed", "x".repeat(256)],
    ["says so", () => ({ healthy: false }), "check_failed", "the check says that it has failed"],
    ["says why", async () => ({ healthy: false, reasonCode: "pool_exhausted", reason: "0 of 10 free" }), "pool_exhausted", "0 of 10 free"],
    [
      "returns a truth value",
      () => true,
      "invalid_result",
      "the check returned boolean instead of an object; return nothing, or { healthy, reasonCode, reason, details }",
    ],
    [
      "returns null",
      () => null,
      "invalid_result",
      "the check returned null instead of an object; return nothing, or { healthy, reasonCode, reason, details }",
    ],
    [
      "returns a list",
      () => [],
      "invalid_result",
      "the check returned array instead of an object; return nothing, or { healthy, reasonCode, reason, details }",
    ],
    [
      "returns a wrong field",
      () => ({ ok: true }),
      "invalid_result",
      'the check returned the unknown field "ok"; return nothing, or { healthy, reasonCode, reason, details }',
    ],
    [
      "returns a wrong type",
      () => ({ healthy: "no" }),
      "invalid_result",
      "the check returned string as healthy instead of boolean; return nothing, or { healthy, reasonCode, reason, details }",
    ],
    [
      "returns wrong details",
      () => ({ details: [1] }),
      "invalid_result",
      "the check returned array as details instead of object; return nothing, or { healthy, reasonCode, reason, details }",
    ],
    [
      "returns what cannot be read",
      () => Object.defineProperty({}, "healthy", { enumerable: true, get: refused }),
      "check_failed",
      "connection refused",
    ],
    ["returns what throws at every touch", () => new Proxy({}, { get: refused }), "check_failed", "connection refused"],
  ])("that %s has failed", async (_, run, code, reason) => {
    health.registerCheck({ name: "payment_gateway", failureThreshold: 1, run: run as () => undefined });
    await clock.advance(0);
    expect(health.report()).toMatchObject({ status: "DEGRADED", reason_code: code });
    expect(check("payment_gateway")?.reason).toBe(reason);
  });

  it("that throws what contains itself has failed, with what is in it once", async () => {
    const inner = new Error("refused");
    const outer = new AggregateError([inner, inner], "fetch failed");
    outer.errors.push(outer, outer);
    inner.cause = outer;
    health.registerCheck({ name: "payment_gateway", failureThreshold: 1, run: () => Promise.reject(outer) });
    await clock.advance(0);
    expect(check("payment_gateway")?.reason).toBe("fetch failed: refused");
  });

  it("shows the details of its latest result only, also of a failure that it returned", async () => {
    const results: readonly CheckResult[] = [{ details: { latency_ms: 3 } }, { healthy: false, details: { free: 0 } }];
    let runs = 0;
    health.registerCheck({ name: "payment_gateway", run: () => results[runs++] ?? refused() });
    const shown: unknown[] = [];
    for (const wait of [0, 30, 30]) {
      await clock.advance(wait * SECOND);
      const { checks: _, uptime_seconds: __, ...details } = health.report().details;
      shown.push(details);
    }
    expect(shown).toEqual([{ latency_ms: 3 }, { free: 0 }, {}]);
  });

  it("may return details that JSON cannot write", async () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const details = { big: 2n ** 64n, cycle, date: new Date(STARTED), none: undefined, run: refused, nan: Number.NaN, nested: { big: 1n } };
    Object.defineProperty(details, "getter", { enumerable: true, get: refused });
    health.registerCheck({ name: "payment_gateway", run: () => ({ details }) });
    await clock.advance(0);
    cycle["self"] = "changed later";
    const { checks: _, uptime_seconds: __, ...shown } = JSON.parse(JSON.stringify(health.report())).details;
    expect(shown).toEqual({
      big: "18446744073709551616",
      cycle: "[not serialisable]",
      date: "2026-08-21T09:00:00.000Z",
      nan: null,
      nested: { big: "1" },
      getter: "[not serialisable]",
    });
  });
});
