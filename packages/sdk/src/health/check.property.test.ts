import { createNoopMeter } from "@opentelemetry/api";
import { VirtualClock } from "@tidemark/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { CheckResult, HealthReport } from "../index.ts";
import { createHealth } from "../index.ts";

const INTERVAL_MS = 1000;
const TIMEOUT_MS = 100;

/** What a run does. Those that hang end when their signal says so; those that are deaf end some intervals later. */
type Step = "ok" | "ok_late" | "throw" | "reject" | "unhealthy" | "nonsense" | "hang" | { readonly deafIntervals: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Step>("throw", "reject", "unhealthy", "nonsense", "hang") },
  { weight: 4, arbitrary: fc.constantFrom<Step>("ok", "ok_late") },
  { weight: 1, arbitrary: fc.record({ deafIntervals: fc.integer({ min: 1, max: 4 }) }) },
);

/** One entry for each interval: whether it ends with a success. A deaf run fails in every interval in which it still runs. */
function successes(steps: readonly Step[]): boolean[] {
  return steps.flatMap((step) =>
    typeof step === "object" ? Array.from({ length: step.deafIntervals + 1 }, () => false) : [step === "ok" || step === "ok_late"],
  );
}

function act(step: Step | undefined, signal: AbortSignal, clock: VirtualClock): CheckResult | undefined | Promise<undefined> {
  const after = (ms: number): Promise<undefined> => new Promise((resolve) => void clock.setTimeout(() => resolve(undefined), ms));
  if (typeof step === "object") return after(step.deafIntervals * INTERVAL_MS + INTERVAL_MS / 2);
  switch (step) {
    case "ok_late":
      return after(TIMEOUT_MS - 1);
    case "throw":
      throw new Error("thrown");
    case "reject":
      return Promise.reject(new Error("rejected"));
    case "unhealthy":
      return { healthy: false };
    case "nonsense":
      return "fine" as unknown as CheckResult;
    case "hang":
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    default:
      return undefined;
  }
}

it("a check is unhealthy exactly from its Nth consecutive failure to its next success, and never runs twice at a time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      async (steps, n, critical) => {
        const clock = new VirtualClock();
        const health = createHealth({ service: "s", clock, meter: createNoopMeter() });
        let [runs, running, most] = [0, 0, 0];
        health.registerCheck({
          name: "c",
          intervalMs: INTERVAL_MS,
          timeoutMs: TIMEOUT_MS,
          failureThreshold: n,
          critical,
          run: async (signal) => {
            most = Math.max(most, ++running);
            try {
              return await act(steps[runs++], signal, clock);
            } finally {
              running -= 1;
            }
          },
        });
        const seen: HealthReport["status"][] = [];
        const expected: HealthReport["status"][] = [];
        let failures = 0;
        await clock.advance(TIMEOUT_MS);
        for (const success of successes(steps)) {
          failures = success ? 0 : failures + 1;
          expected.push(failures < n ? "UP" : critical ? "DOWN" : "DEGRADED");
          seen.push(health.report().status);
          expect(health.report().details.checks["c"]?.consecutive_failures ?? 0).toBe(failures);
          await clock.advance(INTERVAL_MS);
        }
        expect(seen).toEqual(expected);
        expect(most).toBe(1);
        health.shutdown();
      },
    ),
    { numRuns: 150 },
  );
});
