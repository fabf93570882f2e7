import type { MetricLimiter } from "./metric-limiter.ts";

/** What lasts from batch to batch, and over a reload. */
export interface CardinalityState {
  readonly metrics: Map<string, { readonly limiter: MetricLimiter; isCumulative: boolean }>;
  epoch: number;
}

/** What one batch added to the counters. */
export interface PassCounts {
  folded: number;
  dropped: number;
  reported: number;
}
