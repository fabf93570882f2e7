import { alphaForInterval, learn, startBaseline } from "./baseline.ts";
import type { Baseline } from "./baseline.ts";

/** What one sample means for the alert of its series. */
export type Verdict = "quiet" | "pending" | "fires" | "firing" | "resolves";

/** Options of the detector; times in milliseconds. */
export interface DetectorOptions {
  readonly alpha: number;
  readonly halfLifeMs: number | undefined;
  readonly band: { readonly kind: "multiplier" | "sigma"; readonly factor: number };
  readonly above: boolean;
  readonly below: boolean;
  readonly minSamples: number;
  readonly minDurationMs: number;
  readonly minValue: number | undefined;
  readonly minDeviation: number;
  readonly holdMs: number;
  readonly keepFiringMs: number;
  readonly hysteresis: number;
  readonly freeze: boolean;
  readonly maxFreezeMs: number;
  readonly boostAlpha: number;
  readonly boostSamples: number;
  readonly staleMs: number;
}

type Phase = "quiet" | "pending" | "firing";

/** Memory of one series. Times are those of the samples, in milliseconds. */
export interface DetectorState extends Baseline {
  phase: Phase;
  /** 1 when too high, −1 when too low; of the present or the last episode. */
  side: 1 | -1;
  /** Threshold that the last sample was compared with. */
  threshold: number;
  /** Where the present warm-up began. */
  warmSince: number;
  lastAt: number;
  /** When the present episode began. */
  breachAt: number;
  /** When a firing series came back; NaN while it is beyond. */
  backAt: number;
  boostLeft: number;
}

/** A relative floor for the standard deviation: in a constant series every change would be infinitely many sigmas. */
const SIGMA_FLOOR = 0.01;

export function emptyDetectorState(): DetectorState {
  return {
    mean: 0,
    variance: 0,
    samples: 0,
    phase: "quiet",
    side: 1,
    threshold: 0,
    warmSince: 0,
    lastAt: 0,
    breachAt: 0,
    backAt: Number.NaN,
    boostLeft: 0,
  };
}

/** Threshold on one side of the baseline as it is now, before the sample in question is learnt. */
export function thresholdFor(state: Baseline, side: 1 | -1, options: DetectorOptions): number {
  const { mean } = state;
  const size = Math.abs(mean);
  const { kind, factor } = options.band;
  let distance: number;
  if (kind === "sigma") distance = factor * Math.max(Math.sqrt(state.variance), SIGMA_FLOOR * size);
  else distance = side > 0 ? (factor - 1) * size : (1 - 1 / factor) * size;
  const threshold = mean + side * Math.max(distance, options.minDeviation);
  if (options.minValue === undefined) return threshold;
  if (side > 0) return Math.max(threshold, options.minValue);
  return mean < options.minValue ? Number.NEGATIVE_INFINITY : threshold;
}

/**
 * Judges one sample and learns from it. The order matters: the sample is compared with the baseline of the samples
 * before it. With it included, a multiplier of 1.5 and α ≥ 2/3 could never fire.
 */
export function step(state: DetectorState, value: number, at: number, options: DetectorOptions): Verdict {
  if (state.samples === 0) {
    startBaseline(state, value);
    state.warmSince = at;
    state.lastAt = at;
    return "quiet";
  }
  const elapsed = Math.max(0, at - state.lastAt);
  state.lastAt = Math.max(at, state.lastAt);
  if (elapsed > options.staleMs && state.phase !== "firing") restartWarmUp(state, at);
  const verdict = state.phase === "firing" ? judgeFiring(state, value, at, options) : judgeQuiet(state, value, at, options);
  const thawed = options.maxFreezeMs > 0 && at - state.breachAt >= options.maxFreezeMs;
  if (state.phase === "quiet") learn(state, value, nextAlpha(state, elapsed, options));
  else if (thawed) learn(state, value, options.boostAlpha);
  else if (!options.freeze) learn(state, value, plainAlpha(elapsed, options));
  return verdict;
}

/** The level is kept as a starting point, but has to prove itself again. */
function restartWarmUp(state: DetectorState, at: number): void {
  state.phase = "quiet";
  state.samples = 1;
  state.warmSince = at;
}

function judgeQuiet(state: DetectorState, value: number, at: number, options: DetectorOptions): Verdict {
  const side = breachedSide(state, value, options);
  if (side === 0 || state.samples < options.minSamples || at - state.warmSince < options.minDurationMs) {
    state.phase = "quiet";
    return "quiet";
  }
  if (state.phase === "quiet" || state.side !== side) state.breachAt = at;
  state.side = side;
  if (at - state.breachAt < options.holdMs) {
    state.phase = "pending";
    return "pending";
  }
  state.phase = "firing";
  state.backAt = Number.NaN;
  return "fires";
}

function breachedSide(state: DetectorState, value: number, options: DetectorOptions): 1 | -1 | 0 {
  if (options.above) {
    state.threshold = thresholdFor(state, 1, options);
    if (value > state.threshold) return 1;
  }
  if (options.below) {
    const lower = thresholdFor(state, -1, options);
    if (value < lower || !options.above) state.threshold = lower;
    if (value < lower) return -1;
  }
  return 0;
}

function judgeFiring(state: DetectorState, value: number, at: number, options: DetectorOptions): Verdict {
  state.threshold = thresholdFor(state, state.side, options);
  const line = state.threshold - options.hysteresis * (state.threshold - state.mean);
  const isBack = state.side > 0 ? value <= line : value >= line;
  if (!isBack) {
    state.backAt = Number.NaN;
    return "firing";
  }
  if (Number.isNaN(state.backAt)) state.backAt = at;
  if (at - state.backAt < options.keepFiringMs) return "firing";
  endEpisode(state, options);
  return "resolves";
}

/** Ends a firing episode, whether its values came back or its series fell silent. */
export function endEpisode(state: DetectorState, options: DetectorOptions): void {
  state.phase = "quiet";
  state.backAt = Number.NaN;
  state.boostLeft = options.boostSamples;
}

function plainAlpha(elapsed: number, options: DetectorOptions): number {
  return options.halfLifeMs === undefined ? options.alpha : alphaForInterval(elapsed, options.halfLifeMs);
}

function nextAlpha(state: DetectorState, elapsed: number, options: DetectorOptions): number {
  const alpha = plainAlpha(elapsed, options);
  if (state.boostLeft === 0) return alpha;
  state.boostLeft--;
  return Math.max(alpha, options.boostAlpha);
}
