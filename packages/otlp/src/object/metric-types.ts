import type { InstrumentationScope, KeyValue, Resource } from "./types.ts";

/** An `ExportMetricsServiceRequest`. */
export interface MetricsData {
  readonly resourceMetrics?: readonly ResourceMetrics[];
}

export interface ResourceMetrics {
  readonly resource?: Resource;
  readonly scopeMetrics?: readonly ScopeMetrics[];
  readonly schemaUrl?: string;
}

export interface ScopeMetrics {
  readonly scope?: InstrumentationScope;
  readonly metrics?: readonly Metric[];
  readonly schemaUrl?: string;
}

/** At most one of `gauge`, `sum`, `histogram`, `exponentialHistogram` and `summary` is set. */
export interface Metric {
  readonly name?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: Gauge;
  readonly sum?: Sum;
  readonly histogram?: Histogram;
  readonly exponentialHistogram?: ExponentialHistogram;
  readonly summary?: Summary;
  readonly metadata?: readonly KeyValue[];
}

export interface Gauge {
  readonly dataPoints?: readonly NumberDataPoint[];
}

export interface Sum {
  readonly dataPoints?: readonly NumberDataPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

export interface Histogram {
  readonly dataPoints?: readonly HistogramDataPoint[];
  readonly aggregationTemporality?: number;
}

export interface ExponentialHistogram {
  readonly dataPoints?: readonly ExponentialHistogramDataPoint[];
  readonly aggregationTemporality?: number;
}

export interface Summary {
  readonly dataPoints?: readonly SummaryDataPoint[];
}

export interface NumberDataPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly asDouble?: number;
  readonly asInt?: bigint;
  readonly exemplars?: readonly Exemplar[];
  readonly flags?: number;
}

export interface HistogramDataPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly count?: bigint;
  readonly sum?: number;
  readonly bucketCounts?: readonly bigint[];
  readonly explicitBounds?: readonly number[];
  readonly exemplars?: readonly Exemplar[];
  readonly flags?: number;
  readonly min?: number;
  readonly max?: number;
}

export interface ExponentialHistogramDataPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly count?: bigint;
  readonly sum?: number;
  readonly scale?: number;
  readonly zeroCount?: bigint;
  readonly positive?: ExponentialBuckets;
  readonly negative?: ExponentialBuckets;
  readonly flags?: number;
  readonly exemplars?: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
  readonly zeroThreshold?: number;
}

export interface ExponentialBuckets {
  readonly offset?: number;
  readonly bucketCounts?: readonly bigint[];
}

export interface SummaryDataPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
  readonly count?: bigint;
  readonly sum?: number;
  readonly quantileValues?: readonly ValueAtQuantile[];
  readonly flags?: number;
}

export interface ValueAtQuantile {
  readonly quantile?: number;
  readonly value?: number;
}

export interface Exemplar {
  readonly filteredAttributes?: readonly KeyValue[];
  readonly timeUnixNano?: bigint;
  readonly asDouble?: number;
  readonly asInt?: bigint;
  readonly spanId?: string;
  readonly traceId?: string;
}
