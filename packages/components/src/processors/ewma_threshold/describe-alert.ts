import { attributeText, fingerprint, formatNumber, nanosFromMs, serviceOf } from "@tidemark/alerting";
import type { Alert, Evidence } from "@tidemark/alerting";
import type { AttributesView, DataPointView, ResourceView, SpanView } from "@tidemark/otlp";
import type { Settings } from "./settings.ts";
import type { DetectorState } from "./detector.ts";

/** What is measured, in words. */
export interface Measure {
  readonly metric: string;
  readonly unit: string;
  /** `rate`, `mean`, `p99`; empty for a value as it is. */
  readonly statistic: string;
}

/** What a data point's samples measure. */
export function measureOfPoint(point: DataPointView, quantile: number | undefined): Measure {
  const { name, unit, type, isMonotonic } = point.metric;
  if (type === "gauge" || (type === "sum" && !isMonotonic)) return { metric: name, unit, statistic: "" };
  if (type === "sum")
    return { metric: name, unit: `${unit === "" || unit === "1" || unit.startsWith("{") ? "1" : unit}/s`, statistic: "rate" };
  return { metric: name, unit, statistic: type === "histogram" && quantile !== undefined ? `p${formatNumber(quantile * 100)}` : "mean" };
}

/** Labels: the configured resource attributes and the item's own identity. */
export function labelsOf(resource: ResourceView, own: AttributesView | SpanView, names: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const name of names) {
    const value = resource.attributes.get(name);
    if (value !== undefined) labels.set(name, attributeText(value));
  }
  if ("durationMs" in own) labels.set("span.name", own.name);
  else for (const [key, value] of own.entries()) labels.set(key, attributeText(value));
  return Object.fromEntries(labels);
}

function unitSuffix(unit: string): string {
  return unit === "" || unit === "1" ? "" : ` ${unit}`;
}

function summarize(measure: Measure, service: string, value: number, state: DetectorState): string {
  const unit = unitSuffix(measure.unit);
  const what = measure.statistic === "" ? measure.metric : `${measure.statistic} of ${measure.metric}`;
  const side = state.side > 0 ? "above" : "below";
  return `${what} of ${service} is ${formatNumber(value)}${unit}, ${side} the threshold of ${formatNumber(state.threshold)}${unit} (baseline ${formatNumber(state.mean)}${unit})`;
}

/** The summary of an alert that ends; without a value when the series ended or is not watched any more. */
export function summarizeEnd(fired: Alert, value: number | undefined): string {
  const now = value === undefined ? "no further values" : `the value is ${formatNumber(value)}${unitSuffix(fired.unit)} now`;
  return `Resolved: ${now}; when it fired: ${fired.summary}`;
}

/** What an alert is made of. */
export interface Firing {
  /** The id of the component. */
  readonly source: string;
  readonly resource: ResourceView;
  /** All of them: they are the alert's identity. */
  readonly labels: Record<string, string>;
  readonly measure: Measure;
  readonly value: number;
  readonly state: DetectorState;
  readonly evidence: Evidence;
}

/** The alert of a series that has just fired. */
export function firingAlert(settings: Settings, { source, resource, labels, measure, value, state, evidence }: Firing): Alert {
  const identity = { ...labels, metric: measure.metric };
  return {
    name: settings.name,
    status: "firing",
    severity: settings.severity,
    severityText: settings.severityText,
    fingerprint: fingerprint(settings.name, identity),
    summary: summarize(measure, serviceOf(resource), value, state),
    metric: measure.metric,
    unit: measure.unit,
    value,
    threshold: state.threshold,
    operator: state.side > 0 ? ">" : "<",
    startsAt: nanosFromMs(state.breachAt),
    endsAt: undefined,
    labels: identity,
    annotations: {},
    resource: resource.attributes.toObject(),
    source,
    evidence,
  };
}
