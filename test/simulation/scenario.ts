import { queueField, retryField, type Random } from "@tidemark/core";

/** What is at stake: where accepted data lives. */
export type Mode = "stored" | "memory" | "wait_for_result";

/** Everything that a seed decides before the run begins. */
export interface Scenario {
  readonly mode: Mode;
  /** The exporter's configuration, as YAML would give it, checked. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether requests may be joined or cut. */
  readonly joins: boolean;
  readonly clients: number;
  readonly requests: number;
  /** Milliseconds after the start. */
  readonly crashes: readonly number[];
  readonly restarts: readonly number[];
  /** When the dead letters are sent again. */
  readonly replays: readonly number[];
  readonly healedAt: number;
  /** Size of the disk in bytes until it is healed. */
  readonly diskBytes: number;
  /** Whether operations on the disk fail now and then, and records are damaged. */
  readonly storageFails: boolean;
  readonly metadata: boolean;
}

/** A whole number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of the values. */
export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)]!;
}

/** Draws a scenario. */
export function drawScenario(random: Random): Scenario {
  const mode = pick<Mode>(random, ["stored", "stored", "stored", "memory", "wait_for_result"]);
  const batch = random() < 0.4 ? { batch: drawBatch(random) } : {};
  const degrade = random() < 0.2 ? { degrade: { p99: `${between(random, 50, 900)}ms`, window: "5s", batch: between(random, 1, 6) } } : {};
  const catchUp = random() < 0.5 ? { catch_up: { max_bytes: between(random, 100, 2000) } } : {};
  const queue = {
    num_consumers: between(random, 1, 4),
    queue_size: between(random, 2, 25),
    sizer: pick(random, ["requests", "requests", "items"]),
    max_bytes: pick(random, [200, 1000, 4000, 1_000_000]),
    block_on_overflow: random() < 0.4,
    wait_for_result: mode === "wait_for_result",
    adaptive_concurrency: { enabled: random() < 0.7 },
    ...(mode === "stored" ? { storage: "sim_storage" } : random() < 0.5 ? { dead_letters: { storage: "sim_storage" } } : {}),
    ...batch,
    ...degrade,
    ...catchUp,
  };
  const healedAt = between(random, 5000, 25_000);
  const times = (most: number): number[] => Array.from({ length: between(random, 0, most) }, () => between(random, 50, healedAt));
  return {
    mode,
    config: {
      sending_queue: queueField.parse(queue),
      retry_on_failure: retryField.parse(drawRetry(random)),
      timeout: between(random, 200, 3000),
    },
    joins: "batch" in batch || "degrade" in degrade || "catch_up" in catchUp,
    clients: between(random, 1, 6),
    requests: between(random, 2, 18),
    crashes: mode === "stored" ? times(3) : [],
    restarts: times(2),
    replays: mode === "stored" ? times(3) : [],
    healedAt,
    diskBytes: random() < 0.2 ? between(random, 100, 2000) : Number.POSITIVE_INFINITY,
    storageFails: random() < 0.3,
    metadata: random() < 0.5,
  };
}

function drawBatch(random: Random): object {
  const least = between(random, 1, 8);
  const keys = random() < 0.5 ? { partition: { metadata_keys: ["X-Client"] } } : {};
  // Never in units of the queue's own sizer beyond its size: that is a mistake of the configuration.
  return {
    sizer: "bytes",
    flush_timeout: `${between(random, 5, 400)}ms`,
    min_size: least * 40,
    max_size: random() < 0.5 ? 0 : least * 40 + between(random, 0, 200),
    ...keys,
  };
}

function drawRetry(random: Random): object {
  return {
    enabled: random() < 0.9,
    initial_interval: `${between(random, 20, 800)}ms`,
    max_interval: `${between(random, 1, 4)}s`,
    max_elapsed_time: random() < 0.6 ? "0s" : `${between(random, 4, 20)}s`,
    max_retries: random() < 0.7 ? 0 : between(random, 1, 6),
    circuit_breaker: { enabled: random() < 0.7, failures: between(random, 1, 4), half_open_after: `${between(random, 50, 3000)}ms` },
  };
}
