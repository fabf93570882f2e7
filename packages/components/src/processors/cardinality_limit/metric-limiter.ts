import type { DataPointView } from "@tidemark/otlp";
import type { CardinalityLimitConfig } from "./config.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import { Increases } from "./increase.ts";
import type { OverflowGroup } from "./overflow-group.ts";
import { ADMITTED, FOLDED, NONE, RETIRED, SeriesTable, type SeriesState } from "./series-table.ts";

/** Epochs that make up one `ttl`. */
export const EPOCHS_PER_TTL = 4;
/** After how many `ttl` a quiet cumulative series is forgotten altogether. */
const TTLS_TO_FORGET = 10;

/** How the points of a metric can be treated. */
export interface MetricKind {
  /** Its points can be added up: sums and explicit histograms. */
  readonly folds: boolean;
  readonly isCumulative: boolean;
  readonly isHistogram: boolean;
  /** Ledger reason for points that cannot be added up. */
  readonly dropReason: string;
}

/** Sorts a metric into its kind. */
export function metricKind(metric: DataPointView["metric"]): MetricKind {
  const { type, temporality, isMonotonic } = metric;
  const isCumulative = temporality === 2;
  const foldsSum = type === "sum" && (temporality === 1 || (isCumulative && isMonotonic));
  const folds = foldsSum || (type === "histogram" && temporality !== 0);
  const name = type === "sum" ? "non_monotonic_sum" : type;
  return { folds, isCumulative, isHistogram: type === "histogram", dropReason: `${name}_over_limit` };
}

/** What becomes of one point. */
export type Verdict = "pass" | "fold" | "fold_known" | "over_limit" | "memory_full";

/** The limit of one metric name: which series have a place, which are part of the overflow, and when they are forgotten. */
export class MetricLimiter {
  readonly name: string;
  readonly series: SeriesTable = new SeriesTable();
  readonly increases: Increases = new Increases();
  /** Overflow series, by what tells them apart. */
  readonly groups: Map<string, OverflowGroup[]> = new Map();
  /** Points over the limit so far. */
  limited = 0;
  #doorkeeper: Doorkeeper | undefined;
  /** Nanoseconds. A cumulative series that started before may be a folded one that was forgotten: its past is in the overflow already. */
  #foldedForgotten = 0;
  /** Nanoseconds. The same for admitted ones: their past was passed on under their own identity. */
  #admittedForgotten = 0;
  readonly #config: CardinalityLimitConfig;
  readonly #softLimit: number;

  constructor(name: string, config: CardinalityLimitConfig) {
    this.name = name;
    this.#config = config;
    this.#softLimit = config.soft_limit ?? Math.ceil(config.limit / 2);
  }

  /** Whether nothing would be lost by making a new limiter when the metric comes back. */
  get isBlank(): boolean {
    return this.series.size === 0 && this.#foldedForgotten === 0 && this.#admittedForgotten === 0;
  }

  judge(point: DataPointView, kind: MetricKind, epoch: number): Verdict {
    const identity = point.seriesIdentity;
    switch (this.series.touch(identity, epoch)) {
      case ADMITTED:
        return "pass";
      case FOLDED:
        return "fold";
      case RETIRED:
        // Known to the backend already: it comes back under its own identity, over the limit if need be (SDK rule for cumulative sets).
        this.series.set(identity, ADMITTED, epoch);
        return "pass";
      case NONE:
        return this.#judgeNew(identity, point, kind, epoch);
    }
  }

  /** Lets time pass: quiet series lose their place, and long quiet ones are forgotten. `isCumulative` by what the metric last was. */
  expire(epoch: number, nowNanos: number, isCumulative: boolean): void {
    const oldest = epoch - EPOCHS_PER_TTL;
    const forgotten = epoch - EPOCHS_PER_TTL * TTLS_TO_FORGET;
    this.#doorkeeper?.rotate();
    let room = this.#config.max_folded_series - this.series.remembered;
    this.series.sweep((identity, state, seen): SeriesState => {
      if (seen >= oldest) return state;
      if (state === ADMITTED) {
        if (!isCumulative) return NONE;
        room -= 1;
        if (room >= 0) return RETIRED;
      } else if (seen >= forgotten) return state;
      if (state === FOLDED) {
        this.increases.forget(identity);
        this.#foldedForgotten = nowNanos;
      } else this.#admittedForgotten = nowNanos;
      return NONE;
    });
  }

  #judgeNew(identity: number, point: DataPointView, kind: MetricKind, epoch: number): Verdict {
    const sticks = kind.isCumulative && kind.folds && this.#config.action === "overflow";
    const start = sticks ? Number(point.startTimeUnixNano) : 0;
    if (sticks && this.#foldedForgotten > 0 && start <= this.#foldedForgotten) return this.#fold(identity, epoch, "fold_known");
    if (this.series.admitted < this.#config.limit && this.#mayEnter(identity, kind)) {
      this.series.set(identity, ADMITTED, epoch);
      return "pass";
    }
    if (!kind.folds || this.#config.action !== "overflow") return "over_limit";
    if (!sticks) return "fold";
    return this.#fold(identity, epoch, this.#admittedForgotten > 0 && start <= this.#admittedForgotten ? "fold_known" : "fold");
  }

  #mayEnter(identity: number, kind: MetricKind): boolean {
    // A cumulative series that was folded once must stay folded, so waiting for a second sighting would shut it out for good.
    if (kind.isCumulative || this.series.admitted < this.#softLimit || this.#softLimit >= this.#config.limit) return true;
    this.#doorkeeper ??= new Doorkeeper(this.#config.limit);
    return this.#doorkeeper.seenBefore(identity);
  }

  #fold(identity: number, epoch: number, verdict: Verdict): Verdict {
    if (this.series.remembered >= this.#config.max_folded_series) return "memory_full";
    this.series.set(identity, FOLDED, epoch);
    return verdict;
  }
}
