import { PipelineError, type ComponentContext, type Timer } from "@tidemark/core";
import type { MemoryLimiterConfig } from "./limiter-fields.ts";
import type { Memory } from "./process-memory.ts";

const MIB = 1024 * 1024;
/** A collection that frees less than this share of the memory in use did not help. */
const EFFECTIVE_SHARE = 0.05;
/** Share of `check_interval` from which a useless collection starts to lengthen the interval. */
const BACKOFF_START = 0.95;
/** Time between two collections that each bring memory back within the limits; `min_gc_interval_*` holds while they do not. */
const REST_MS = 1000;
/** Forced collections make a measurement late; the health report shows the refusal until the next one all the same. */
const SLACK_MS = 2000;
/** When a refused client should come back. */
const RETRY_AFTER_MS = 1000;

/** The two limits in bytes. */
export interface MemoryLimits {
  readonly hardBytes: number;
  readonly softBytes: number;
}

/** Works out the limits from the configuration and, for percentages, the memory there is. */
export function memoryLimits(config: MemoryLimiterConfig, totalBytes: () => number): MemoryLimits {
  const share = config.limit_mib > 0 ? MIB : totalBytes() / 100;
  const [limit, spike] =
    config.limit_mib > 0 ? [config.limit_mib, config.spike_limit_mib] : [config.limit_percentage, config.spike_limit_percentage];
  const hardBytes = Math.floor(limit * share);
  const spikeBytes = spike > 0 ? Math.floor(spike * share) : Math.floor(hardBytes / 5);
  return { hardBytes, softBytes: hardBytes - spikeBytes };
}

/** What the limiter needs from outside. */
export interface MemoryLimiterSettings {
  readonly config: MemoryLimiterConfig;
  readonly memory: Memory;
  /** Of the component that it belongs to. */
  readonly context: Pick<ComponentContext, "clock" | "log" | "trouble">;
}

/** When the next forced collection is allowed on one of the two paths. */
class CollectionPace {
  #intervalMs: number;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #startMs: number;

  constructor(minMs: number, maxMs: number, checkIntervalMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#startMs = Math.max(minMs, checkIntervalMs * BACKOFF_START);
    this.#intervalMs = minMs;
  }

  allows(sinceLastMs: number): boolean {
    return sinceLastMs >= this.#intervalMs;
  }

  helped(): void {
    this.#intervalMs = this.#minMs;
  }

  /** Memory is within the limits again: refusing data would cost more than another collection soon. */
  reset(): void {
    this.#intervalMs = Math.min(this.#minMs, REST_MS);
  }

  didNotHelp(): void {
    if (this.#maxMs === 0) return;
    this.#intervalMs = Math.min(this.#maxMs, Math.max(this.#startMs, this.#intervalMs) * 2);
  }
}

/**
 * Watches the memory of the process and says whether data must be refused. One object serves all who share its decision: it
 * measures while at least one of them is started.
 */
export class MemoryLimiter {
  #refusing = false;
  #users = 0;
  #timer: Timer | undefined;
  #lastCollection = Number.NEGATIVE_INFINITY;
  readonly #limits: MemoryLimits;
  readonly #hardPace: CollectionPace;
  readonly #softPace: CollectionPace;
  readonly #settings: MemoryLimiterSettings;

  constructor(settings: MemoryLimiterSettings) {
    const { config, memory } = settings;
    this.#settings = settings;
    this.#limits = memoryLimits(config, memory.totalBytes);
    this.#hardPace = new CollectionPace(
      config.min_gc_interval_when_hard_limited,
      config.max_gc_interval_when_hard_limited,
      config.check_interval,
    );
    this.#softPace = new CollectionPace(
      config.min_gc_interval_when_soft_limited,
      config.max_gc_interval_when_soft_limited,
      config.check_interval,
    );
  }

  /** Whether memory is above the soft limit, as of the last measurement. */
  get refusing(): boolean {
    return this.#refusing;
  }

  /** The retryable error that data is answered with while memory is short. */
  refusal(): PipelineError | undefined {
    return this.#refusing ? PipelineError.unavailable("data refused due to high memory usage", RETRY_AFTER_MS) : undefined;
  }

  start(): void {
    this.#users += 1;
    if (this.#users > 1) return;
    this.#settings.context.log.info("Memory limiter configured", {
      limit_mib: toMib(this.#limits.hardBytes),
      soft_limit_mib: toMib(this.#limits.softBytes),
    });
    this.#schedule();
  }

  stop(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Measures once and decides. Called by the clock; may be called at any time. */
  check(): void {
    const { context, config } = this.#settings;
    const { log } = context;
    let used = this.#settings.memory.usedBytes();
    if (used >= this.#limits.hardBytes) used = this.#collect(used, this.#hardPace, "Memory usage is above hard limit. Forcing a GC.");
    else if (used >= this.#limits.softBytes) used = this.#collect(used, this.#softPace, "Memory usage is above soft limit. Forcing a GC.");
    const mustRefuse = used >= this.#limits.softBytes;
    if (!mustRefuse) {
      this.#hardPace.reset();
      this.#softPace.reset();
    }
    if (this.#refusing && !mustRefuse)
      log.info("Memory usage back within limits. Resuming normal operation.", { cur_mem_mib: toMib(used) });
    if (!this.#refusing && mustRefuse) log.warn("Memory usage is above soft limit. Refusing data.", { cur_mem_mib: toMib(used) });
    this.#refusing = mustRefuse;
    const limits = `${toMib(used)} MiB are in use, and data is refused from ${toMib(this.#limits.softBytes)} MiB on`;
    context.trouble("memory_limited", limits, mustRefuse ? 2 * config.check_interval + SLACK_MS : 0);
  }

  #collect(used: number, pace: CollectionPace, message: string): number {
    const { memory, context } = this.#settings;
    const { clock, log } = context;
    const now = clock.now();
    if (!pace.allows(now - this.#lastCollection)) return used;
    log.debug(message, { cur_mem_mib: toMib(used) });
    memory.collect();
    this.#lastCollection = now;
    const after = memory.usedBytes();
    if (after < used * (1 - EFFECTIVE_SHARE)) pace.helped();
    else pace.didNotHelp();
    return after;
  }

  #schedule(): void {
    this.#timer = this.#settings.context.clock.setTimeout(() => {
      this.check();
      this.#schedule();
    }, this.#settings.config.check_interval);
  }
}

function toMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
