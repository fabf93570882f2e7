/**
 * Quantile of an explicit-bucket histogram, by linear interpolation inside the bucket (Prometheus, `histogram_quantile`):
 * the first bucket starts at 0 when its bound is positive, the last gives the highest finite bound.
 */
export function bucketQuantile(quantile: number, bounds: readonly number[], counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  if (total === 0) return Number.NaN;
  const rank = quantile * total;
  let below = 0;
  for (const [i, count] of counts.entries()) {
    if (below + count < rank || count === 0) {
      below += count;
      continue;
    }
    const upper = bounds[i];
    const lower = i === 0 ? Math.min(0, upper ?? 0) : (bounds[i - 1] ?? 0);
    if (upper === undefined) return lower;
    if (i === 0 && upper <= 0) return upper;
    return lower + (upper - lower) * ((rank - below) / count);
  }
  return bounds.at(-1) ?? Number.NaN;
}
