import type { DataPointView } from "@tidemark/otlp";

/** What one point adds to the overflow series. Filled anew for every folded point. */
export interface Increase {
  /** Sum points: the value. Histograms: the sum of the observations, if the point has one. */
  sum: number | undefined;
  isInt: boolean;
  count: number;
  min: number | undefined;
  max: number | undefined;
  bucketCounts: readonly number[];
  bounds: readonly number[];
}

/** An increase of nothing, to be filled by `readTotals`. */
export function newIncrease(): Increase {
  return { sum: undefined, isInt: false, count: 0, min: undefined, max: undefined, bucketCounts: [], bounds: [] };
}

/** Reads a delta point, or the running total of a cumulative one. */
export function readTotals(point: DataPointView, isHistogram: boolean, into: Increase): void {
  if (!isHistogram) {
    into.sum = Number(point.value ?? 0);
    into.isInt = point.valueKind === "int";
    return;
  }
  into.sum = point.sum;
  into.count = Number(point.count);
  into.min = point.min;
  into.max = point.max;
  into.bucketCounts = point.bucketCounts;
  into.bounds = point.explicitBounds;
}

/** The last running totals of one folded cumulative series. Times in nanoseconds, rounded to doubles: they are only compared. */
interface LastTotals {
  start: number;
  time: number;
  sum: number | undefined;
  count: number;
  bucketCounts: readonly number[];
  bounds: readonly number[];
}

/**
 * Turns the running totals of folded series into increases (metrics data model, "Temporality" and "Resets and gaps"), so that
 * the overflow series counts every observation once.
 */
export class Increases {
  readonly #series = new Map<number, LastTotals>();

  /**
   * Replaces the totals in `increase` by what was added since the last point of the series. The first point of a series counts
   * in full, unless `isKnownElsewhere`: then its past was counted before and only what follows is new.
   */
  take(identity: number, point: DataPointView, increase: Increase, isKnownElsewhere: boolean): void {
    const start = Number(point.startTimeUnixNano);
    const time = Number(point.timeUnixNano);
    const last = this.#series.get(identity);
    // Min and max of a running total are not those of its increase.
    increase.min = undefined;
    increase.max = undefined;
    if (last === undefined) {
      this.#series.set(identity, {
        start,
        time,
        sum: increase.sum,
        count: increase.count,
        bucketCounts: increase.bucketCounts,
        bounds: increase.bounds,
      });
      if (isKnownElsewhere) clear(increase);
      return;
    }
    if (start < last.start || (start === last.start && time <= last.time)) {
      // Late or repeated: the newer total already contains it.
      clear(increase);
      return;
    }
    const { sum, count, bucketCounts } = increase;
    const bounds = increase.bounds;
    if (!hasReset(last, increase, start)) subtract(increase, last);
    Object.assign(last, { start, time, sum, count, bucketCounts, bounds });
  }

  forget(identity: number): void {
    this.#series.delete(identity);
  }
}

/** A new start, a total that fell, or other buckets: the series began again from zero. */
function hasReset(last: LastTotals, now: Increase, start: number): boolean {
  if (start > last.start || now.count < last.count || !sameBounds(now.bounds, last.bounds)) return true;
  // The sum of a histogram may fall when observations are negative; its count decides.
  return now.bounds.length === 0 && now.bucketCounts.length === 0 && (now.sum ?? 0) < (last.sum ?? 0);
}

function subtract(increase: Increase, last: LastTotals): void {
  if (increase.sum !== undefined) increase.sum -= last.sum ?? 0;
  increase.count -= last.count;
  increase.bucketCounts = increase.bucketCounts.map((bucket, index) => Math.max(0, bucket - (last.bucketCounts[index] ?? 0)));
}

function clear(increase: Increase): void {
  if (increase.sum !== undefined) increase.sum = 0;
  increase.count = 0;
  increase.bucketCounts = increase.bucketCounts.map(() => 0);
}

/** Whether two histograms have the same buckets. */
export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, index) => bound === b[index]));
}
