/** Exponentially weighted mean and variance of one series. */
export interface Baseline {
  mean: number;
  variance: number;
  /** Samples learnt; 0 means that there is no mean yet. */
  samples: number;
}

/** Starts at the first value: a baseline that starts at 0 makes the first samples of every series an alert. */
export function startBaseline(baseline: Baseline, value: number): void {
  baseline.mean = value;
  baseline.variance = 0;
  baseline.samples = 1;
}

/**
 * Learns one value with weight `alpha`: m' = m + αe, v' = (1 − α)(v + αe²), e = x − m. The residual form is the exact
 * weighted population variance and keeps its precision where E[x²] − E[x]² cancels.
 */
export function learn(baseline: Baseline, value: number, alpha: number): void {
  const residual = value - baseline.mean;
  baseline.mean += alpha * residual;
  baseline.variance = (1 - alpha) * (baseline.variance + alpha * residual * residual);
  baseline.samples++;
}

/** Weight of a sample that comes `elapsedMs` after the last, so that what is `halfLifeMs` old counts half. */
export function alphaForInterval(elapsedMs: number, halfLifeMs: number): number {
  return -Math.expm1((-Math.LN2 * elapsedMs) / halfLifeMs);
}
