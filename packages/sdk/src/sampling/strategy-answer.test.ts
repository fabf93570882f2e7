import { ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import { SamplingDecision, type Sampler } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ratioSampler } from "./ratio-sampler.ts";
import { samplerOf } from "./strategy-answer.ts";

const sampler = (answer: unknown, now = () => 0): Sampler => samplerOf(JSON.stringify(answer), now);
const ask = (from: Sampler, traceId = "0".repeat(32), name = "op") =>
  from.shouldSample(ROOT_CONTEXT, traceId, name, SpanKind.SERVER, {}, []);
const isKept = (from: Sampler, traceId?: string, name?: string): boolean =>
  ask(from, traceId, name).decision === SamplingDecision.RECORD_AND_SAMPLED;

describe("an answer", () => {
  it.each([
    ["a name", { strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 1 } }, true],
    ["a number", { strategyType: 0, probabilisticSampling: { samplingRate: 1 } }, true],
    ["left out", { probabilisticSampling: { samplingRate: 1 } }, true],
    ["a name, with a zero left out", { strategyType: "PROBABILISTIC", probabilisticSampling: {} }, false],
  ])("has its type as %s", (_form, answer, expected) => {
    expect(isKept(sampler(answer))).toBe(expected);
  });

  it.each([
    [[], "the answer is no sampling strategy"],
    [{}, "the answer is no sampling strategy"],
    [null, "the answer is no sampling strategy"],
    [{ strategyType: "ADAPTIVE" }, 'the answer has an unknown strategyType: "ADAPTIVE"'],
    [{ probabilisticSampling: { samplingRate: "1" } }, 'the answer has a sampling rate that is not from 0 to 1: "1"'],
    [{ strategyType: 1, rateLimitingSampling: { maxTracesPerSecond: -1 } }, "the answer has a maxTracesPerSecond that is no number: -1"],
    [{ probabilisticSampling: {}, operationSampling: { perOperationStrategies: {} } }, "the answer's perOperationStrategies is no list"],
  ])("%j is refused", (answer, message) => {
    expect(() => sampler(answer)).toThrow(message);
  });

  it("can have a rate for each operation", () => {
    const operationSampling = {
      defaultSamplingProbability: 1,
      perOperationStrategies: [{ operation: "GET /health", probabilisticSampling: { samplingRate: 0 } }],
    };
    const share = sampler({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 1 }, operationSampling });
    expect([isKept(share, undefined, "GET /health"), isKept(share, undefined, "POST /pay")]).toEqual([false, true]);
    const limit = sampler({ strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond: 1 }, operationSampling });
    expect(["GET /health", "POST /pay", "POST /pay"].map((name) => isKept(limit, undefined, name))).toEqual([false, true, false]);
  });

  it("can limit the traces of a second", () => {
    let now = 0;
    const limit = sampler({ strategyType: 1, rateLimitingSampling: { maxTracesPerSecond: 10 } }, () => now);
    let kept = 0;
    for (; now < 10_000; now += 1) kept += isKept(limit) ? 1 : 0;
    expect(kept).toBeGreaterThanOrEqual(108);
    expect(kept).toBeLessThanOrEqual(110);
    now += 60_000;
    expect(Array.from({ length: 20 }, () => isKept(limit)).filter(Boolean)).toHaveLength(10);
    now -= 60_000;
    expect(isKept(limit)).toBe(false);
    expect(isKept(sampler({ strategyType: 1, rateLimitingSampling: {} }))).toBe(false);
  });
});

describe("a ratio", () => {
  it.each([
    [1, "ot=th:0"],
    [0.5, "ot=th:8"],
    [0.25, "ot=th:c"],
    [0.1, "ot=th:e6666666666666"],
    [2 ** -56, "ot=th:ffffffffffffff"],
  ])("of %s is written as %s", (rate, expected) => {
    expect(ask(ratioSampler(rate), "f".repeat(32)).traceState?.serialize()).toBe(expected);
  });

  it("of 0 keeps nothing", () => {
    expect(ask(ratioSampler(0), "f".repeat(32))).toEqual({ decision: SamplingDecision.NOT_RECORD });
  });

  it("keeps that share of the 56 random bits, and what a smaller one keeps", () => {
    const traceId = fc.stringMatching(/^[0-9a-f]{32}$/);
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(traceId, rate, rate, (id, a, b) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        const random = Number.parseInt(id.slice(18), 16) / 2 ** 56;
        if (isKept(ratioSampler(small), id)) expect(isKept(ratioSampler(large), id)).toBe(true);
        if (Math.abs(random - (1 - small)) > 1e-15) expect(isKept(ratioSampler(small), id)).toBe(random > 1 - small);
      }),
    );
  });
});
