import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alphaForInterval, learn, startBaseline } from "./baseline.ts";
import type { Baseline } from "./baseline.ts";
import { ewmaThresholdConfig } from "./config.ts";
import { emptyDetectorState, step, thresholdFor } from "./detector.ts";
import type { DetectorOptions, DetectorState } from "./detector.ts";
import { detectorOptions } from "./settings.ts";

const SECOND = 1000;
const options = (yaml: Record<string, unknown> = {}): DetectorOptions =>
  detectorOptions(ewmaThresholdConfig.parse({ min_samples: 3, ...yaml }));

function run(values: readonly number[], given: DetectorOptions, stepMs = SECOND, state: DetectorState = emptyDetectorState()) {
  const verdicts = values.map((value, i) => step(state, value, i * stepMs, given));
  return { state, verdicts };
}

const close = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));

describe("the baseline", () => {
  it("is the recursion of requirement S4-59, started at the first value", () => {
    const baseline: Baseline = { mean: 0, variance: 0, samples: 0 };
    startBaseline(baseline, 100);
    const means = [110, 90, 130, 100.5].map((value) => {
      learn(baseline, value, 0.2);
      return baseline.mean;
    });
    const golden = [102, 99.6, 105.68, 104.644];
    for (const [i, mean] of means.entries()) close(mean, golden[i] ?? Number.NaN);
  });

  it("equals the weighted mean and population variance of its definition", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, alpha) => {
          const baseline: Baseline = { mean: 0, variance: 0, samples: 0 };
          const n = values.length - 1;
          startBaseline(baseline, values[0] ?? 0);
          for (const value of values.slice(1)) learn(baseline, value, alpha);
          const weights = values.map((_, i) => (i === 0 ? (1 - alpha) ** n : alpha * (1 - alpha) ** (n - i)));
          const mean = values.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);
          const variance = values.reduce((sum, value, i) => sum + (value - mean) ** 2 * (weights[i] ?? 0), 0);
          expect(Math.abs(baseline.mean - mean)).toBeLessThanOrEqual(1e-12 * 1e3);
          expect(Math.abs(baseline.variance - variance)).toBeLessThanOrEqual(1e-12 * 1e6);
        },
      ),
    );
  });

  it("halves the weight of what is one half-life old, at any spacing", () => {
    close(alphaForInterval(45, 45), 0.5);
    close(alphaForInterval(15_000, 46_585.5), 1 - 2 ** (-15_000 / 46_585.5));
    close((1 - alphaForInterval(10, 45)) * (1 - alphaForInterval(35, 45)), 0.5);
    expect(alphaForInterval(0, 45)).toBe(0);
  });
});

describe("the threshold", () => {
  const at = (mean: number, variance: number, side: 1 | -1, yaml: Record<string, unknown>): number =>
    thresholdFor({ mean, variance, samples: 9 }, side, options(yaml));

  it("is the multiple of the baseline, on both sides and for negative baselines", () => {
    close(at(100, 0, 1, {}), 150);
    close(at(100, 0, -1, { multiplier: 2 }), 50);
    close(at(-100, 0, 1, {}), -50);
    close(at(-100, 0, -1, { multiplier: 2 }), -150);
  });

  it("is so many standard deviations away, with a floor for constant series", () => {
    close(at(100, 25, 1, { sigma: 3 }), 115);
    close(at(100, 25, -1, { sigma: 3 }), 85);
    close(at(100, 0, 1, { sigma: 3 }), 103);
  });

  it("respects min_value and min_deviation", () => {
    close(at(10, 0, 1, { min_value: 50 }), 50);
    close(at(100, 0, 1, { min_value: 50 }), 150);
    close(at(10, 0, 1, { min_deviation: 30 }), 40);
    expect(at(10, 0, -1, { min_value: 50 })).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("the detector", () => {
  it("compares with the baseline before the sample: 1.5 means 1.5 times the old mean", () => {
    const { verdicts } = run([100, 100, 100, 150, 100, 150.000001], options());
    // 150 is not above 150; it is learnt (110), and so is 100 (108), before 150.000001 is compared with 162.
    expect(verdicts).toEqual(["quiet", "quiet", "quiet", "quiet", "quiet", "quiet"]);
    expect(run([100, 100, 100, 150.000001], options()).verdicts.at(-1)).toBe("fires");
  });

  it("fires even with alpha 1, where a baseline that includes the sample never could", () => {
    expect(run([100, 100, 100, 300], options({ alpha: 1 })).verdicts.at(-1)).toBe("fires");
  });

  it("does not fire while it warms up, by samples or by time", () => {
    expect(run([100, 900, 100], options()).verdicts).not.toContain("fires");
    expect(run([100, 100, 100, 100, 900], options({ min_duration: "5s" })).verdicts).not.toContain("fires");
    expect(run([100, 100, 100, 100, 100, 900], options({ min_duration: "5s" })).verdicts.at(-1)).toBe("fires");
  });

  it("keeps firing for as long as a step lasts, with its baseline frozen", () => {
    const { state, verdicts } = run([100, 100, 100, ...Array<number>(50).fill(300)], options());
    expect(verdicts[3]).toBe("fires");
    expect(new Set(verdicts.slice(4))).toEqual(new Set(["firing"]));
    expect(state.mean).toBe(100);
  });

  it("without freeze absorbs the step, as the text that it corrects would", () => {
    const { verdicts } = run([100, 100, 100, ...Array<number>(10).fill(300)], options({ freeze: false }));
    expect(verdicts).toContain("resolves");
  });

  it("adopts a new level after max_freeze, and learns fast for a while after the end", () => {
    const given = options({ max_freeze: "10s", boost: { alpha: 0.4, samples: 2 } });
    const { state, verdicts } = run([100, 100, 100, ...Array<number>(30).fill(300)], given);
    expect(verdicts.indexOf("resolves")).toBeGreaterThan(13);
    expect(verdicts.slice(verdicts.indexOf("resolves") + 1)).not.toContain("fires");
    expect(state.mean).toBeGreaterThan(250);

    const back = run([100, 100, 100, 300, 120, 120, 120], given);
    close(
      back.state.mean,
      (() => {
        let mean = 100;
        for (const alpha of [0.4, 0.4, 0.2]) mean += alpha * (120 - mean);
        return mean;
      })(),
    );
  });

  it("resolves only when the value has come back a part of the way", () => {
    const { verdicts } = run([100, 100, 100, 200, 149, 146, 145], options({ hysteresis: 0.1 }));
    expect(verdicts.slice(3)).toEqual(["fires", "firing", "firing", "resolves"]);
  });

  it("waits for hold before it fires and for keep_firing_for before it resolves", () => {
    const given = options({ hold: "2s", keep_firing_for: "2s" });
    const { verdicts } = run([100, 100, 100, 200, 100, 200, 200, 200, 100, 100, 200, 100, 100, 100], given);
    expect(verdicts.slice(3)).toEqual([
      "pending",
      "quiet",
      "pending",
      "pending",
      "fires",
      "firing",
      "firing",
      "firing",
      "firing",
      "firing",
      "resolves",
    ]);
  });

  it("does not learn from values that are pending", () => {
    expect(run([100, 100, 100, 200, 200, 200], options({ hold: "1m" })).state.mean).toBe(100);
  });

  it("weighs by time when a half-life is given, whatever the spacing", () => {
    const given = options({ half_life: "10s", min_samples: 1000 });
    const state = emptyDetectorState();
    let expected = 0;
    let before = 0;
    for (const [at, value] of [
      [0, 100],
      [3000, 140],
      [20_000, 80],
      [20_000, 500],
      [31_500, 120],
    ] as const) {
      step(state, value, at, given);
      expected = at === 0 ? value : expected + (1 - 2 ** (-(at - before) / 10_000)) * (value - expected);
      before = at;
    }
    close(state.mean, expected);
  });

  it("sees both sides when asked to", () => {
    expect(run([100, 100, 100, 10], options()).verdicts.at(-1)).toBe("quiet");
    const { state, verdicts } = run([100, 100, 100, 10], options({ direction: "both" }));
    expect(verdicts.at(-1)).toBe("fires");
    expect(state.side).toBe(-1);
    close(state.threshold, 100 / 1.5);
    expect(run([100, 100, 100, 300], options({ direction: "below" })).verdicts.at(-1)).toBe("quiet");
  });

  it("warms up anew after a silence", () => {
    const state = run([100, 100, 100, 100], options()).state;
    expect(step(state, 900, 3_600_000, options())).toBe("quiet");
    expect(state.samples).toBe(2);
  });

  it("gives the same answers when it is split at any point and restored", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 2, maxLength: 60 }), fc.nat(59), (values, cut) => {
        const given = options({ sigma: 3, hold: "2s", keep_firing_for: "1s" });
        const whole = run(values, given);
        let state = emptyDetectorState();
        const verdicts = values.map((value, i) => {
          if (i === cut % values.length) state = structuredClone(state);
          return step(state, value, i * SECOND, given);
        });
        expect(verdicts).toEqual(whole.verdicts);
        expect(state).toEqual(whole.state);
      }),
    );
  });

  it("opens and closes episodes in turn, and never ends one that did not begin", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 120 }), (values) => {
        const given = options({ direction: "both", max_freeze: "20s" });
        let firing = false;
        for (const verdict of run(values, given).verdicts) {
          if (verdict === "fires") expect(firing).toBe(false);
          if (verdict === "resolves" || verdict === "firing") expect(firing).toBe(true);
          firing = verdict === "fires" || verdict === "firing";
        }
      }),
    );
  });
});
