import { parseSeverity } from "@tidemark/alerting";
import type { Severity } from "@tidemark/alerting";
import type { AttributesView } from "@tidemark/otlp";
import type { EwmaThresholdConfig } from "./config.ts";
import type { DetectorOptions } from "./detector.ts";
import { attributeTests, globs } from "./matcher.ts";
import type { NameTest } from "./matcher.ts";

/** Distance of the threshold when neither `multiplier` nor `sigma` is given. */
const DEFAULT_MULTIPLIER = 1.5;

/** Configuration in the form that the processor works with. */
export interface Settings {
  readonly name: string;
  readonly severity: Severity;
  readonly severityText: string;
  readonly detector: DetectorOptions;
  readonly quantile: number | undefined;
  readonly maxSeries: number;
  readonly coolDownMs: number;
  readonly staleMs: number;
  readonly labels: readonly string[];
  readonly matchesMetric: NameTest;
  readonly matchesSpan: NameTest;
  /** Whether `matchesItem` can say no. */
  readonly checksItems: boolean;
  readonly matchesItem: (attributes: AttributesView) => boolean;
  readonly matchesResource: (attributes: AttributesView) => boolean;
}

/** Reads the configuration of a component called `id`. */
export function settingsFrom(config: EwmaThresholdConfig, id: string): Settings {
  return {
    name: config.name ?? id,
    severity: parseSeverity(config.severity) ?? "warning",
    severityText: config.severity,
    detector: detectorOptions(config),
    quantile: config.quantile,
    maxSeries: config.max_series,
    coolDownMs: config.cool_down,
    staleMs: config.stale_after,
    labels: config.labels,
    matchesMetric: globs(config.match.metrics),
    matchesSpan: globs(config.match.spans),
    checksItems: Object.keys(config.match.attributes).length > 0,
    matchesItem: attributeTests(config.match.attributes),
    matchesResource: attributeTests(config.match.resource_attributes),
  };
}

/** The part of the configuration that says what is abnormal. */
export function detectorOptions(config: EwmaThresholdConfig): DetectorOptions {
  const { sigma, multiplier = DEFAULT_MULTIPLIER } = config;
  return {
    alpha: config.alpha,
    halfLifeMs: config.half_life,
    band: sigma === undefined ? { kind: "multiplier", factor: multiplier } : { kind: "sigma", factor: sigma },
    above: config.direction !== "below",
    below: config.direction !== "above",
    minSamples: config.min_samples,
    minDurationMs: config.min_duration,
    minValue: config.min_value,
    minDeviation: config.min_deviation,
    holdMs: config.hold,
    keepFiringMs: config.keep_firing_for,
    hysteresis: config.hysteresis,
    freeze: config.freeze,
    maxFreezeMs: config.max_freeze,
    boostAlpha: config.boost.alpha,
    boostSamples: config.boost.samples,
    staleMs: config.stale_after,
  };
}
