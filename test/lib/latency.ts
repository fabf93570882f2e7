/** Times in milliseconds: the middle, the slowest hundredth, and the slowest. */
export interface LatencySummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Sums times up, to a hundredth of a millisecond; all are 0 when there are none. */
export function summaryOf(latencies: readonly number[]): LatencySummary {
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (share: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2));
  return { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
}
