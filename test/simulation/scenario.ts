import { batchProcessor } from "@tidemark/components/processors/batch";
import { queueField, retryField, type QueueConfig, type Random } from "@tidemark/core";
import { between, pick } from "../lib/random.ts";

/** What is at stake: where accepted data lives. */
export type Mode = "stored" | "memory" | "wait_for_result";

/** What the collector is told to be, as YAML would tell it, checked. */
export interface Configuration {
  readonly exporter: Readonly<Record<string, unknown>> & { readonly sending_queue: QueueConfig };
  /** Most sends at a time: what the oracle believes, whatever the exporter is told. */
  readonly consumers: number;
  /** Of the batch processor, where there is one. */
  readonly batch: ReturnType<typeof batchProcessor.config.parse> | undefined;
  /** Number of the receiver: another one is another receiver. */
  readonly receiver: number;
  /** The exporter cannot start. */
  readonly fails: boolean;
  /** Another exporter, without a queue, is in its place. */
  readonly isAway: boolean;
}

/** A change of the configuration while the collector runs. */
export interface Reload {
  readonly at: number;
  readonly to: Configuration;
  /** Only what it would do is asked for. */
  readonly isPlan: boolean;
  readonly drainMs: number;
}

/** What all configurations of a run have in common. */
interface Common {
  readonly mode: Mode;
  /** Whether there may be a batch processor. */
  readonly mayBatch: boolean;
  /** Whether requests may be joined or cut, at some time. */
  readonly mayJoin: boolean;
  /** Senders wait when the queue is full, at all times. */
  readonly blocks: boolean;
  /** Items of different clients are never in one request. */
  readonly separates: boolean;
}

/** Everything that a seed decides before the run begins. */
export interface Scenario extends Common {
  readonly first: Configuration;
  readonly reloads: readonly Reload[];
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

/** Draws a scenario. */
export function drawScenario(random: Random): Scenario {
  const mode = pick<Mode>(random, ["stored", "stored", "stored", "memory", "wait_for_result"]);
  const mayJoin = random() < 0.55;
  const separates = mayJoin && random() < 0.4;
  const common = { mode, mayBatch: mayJoin && !separates && random() < 0.5, mayJoin, blocks: random() < 0.4, separates };
  const first = { ...drawConfiguration(random, common, 0), fails: false, isAway: false };
  const healedAt = between(random, 5000, 25_000);
  const times = (most: number): number[] => Array.from({ length: between(random, 0, most) }, () => between(random, 50, healedAt));
  return {
    ...common,
    first,
    reloads: drawReloads(random, common, first, random() < 0.5 ? [] : times(4)),
    clients: between(random, 1, 6),
    requests: between(random, 2, 18),
    crashes: mode === "stored" ? times(3) : [],
    restarts: times(2),
    replays: mode === "stored" ? times(3) : [],
    healedAt,
    diskBytes: random() < 0.2 ? between(random, 100, 2000) : Number.POSITIVE_INFINITY,
    storageFails: random() < 0.3,
    metadata: separates || random() < 0.5,
  };
}

function drawReloads(random: Random, common: Common, first: Configuration, times: readonly number[]): Reload[] {
  let now = first;
  return times
    .toSorted((a, b) => a - b)
    .map((at, index) => {
      const drawn = drawConfiguration(random, common, random() < 0.4 ? index + 1 : now.receiver);
      // Often only the receiver or only the processor is another one.
      const to = random() < 0.3 ? { ...drawn, exporter: now.exporter, consumers: now.consumers } : drawn;
      const isPlan = random() < 0.15;
      if (!isPlan && !to.fails) now = to;
      return { at, to, isPlan, drainMs: pick(random, [0, 50, 1000, 10_000]) };
    });
}

function drawConfiguration(random: Random, common: Common, receiver: number): Configuration {
  const batch = {
    timeout: `${between(random, 0, 300)}ms`,
    send_batch_size: between(random, 1, 8),
    send_batch_max_size: pick(random, [0, 8]),
  };
  const queue = queueField.parse(drawQueue(random, common));
  return {
    consumers: queue.num_consumers,
    exporter: {
      sending_queue: queue,
      retry_on_failure: retryField.parse(drawRetry(random)),
      timeout: between(random, 200, 3000),
    },
    batch: common.mayBatch && random() < 0.7 ? batchProcessor.config.parse(batch) : undefined,
    receiver,
    fails: random() < 0.15,
    isAway: random() < 0.15,
  };
}

function drawQueue(random: Random, { mode, mayJoin, blocks, separates }: Common): object {
  const sizer = pick(random, ["requests", "requests", "items", "bytes"]);
  const degrade = { p99: `${between(random, 50, 900)}ms`, window: "5s", batch: between(random, 1, 6) };
  return {
    num_consumers: between(random, 1, 4),
    queue_size: between(random, 2, 25) * (sizer === "bytes" ? 60 : 1),
    sizer,
    max_bytes: pick(random, [200, 1000, 4000, 1_000_000]),
    block_on_overflow: blocks,
    wait_for_result: mode === "wait_for_result",
    adaptive_concurrency: { enabled: random() < 0.7 },
    ...(mode === "stored" ? { storage: "sim_storage" } : random() < 0.5 ? { dead_letters: { storage: "sim_storage" } } : {}),
    ...(separates || (mayJoin && random() < 0.7) ? { batch: drawBatch(random, separates, sizer) } : {}),
    ...(mayJoin && random() < 0.4 ? { degrade } : {}),
    ...(mayJoin && random() < 0.5 ? { catch_up: { max_bytes: between(random, 30, 600) } } : {}),
  };
}

function drawBatch(random: Random, separates: boolean, queueSizer: string): object {
  // Not in units of the queue's own sizer, where it must not be more than the queue's size.
  const sizer = queueSizer === "bytes" || (queueSizer === "requests" && random() < 0.5) ? "items" : "bytes";
  const unit = sizer === "bytes" ? 40 : 1;
  const least = between(random, 0, 8) * unit;
  return {
    sizer,
    flush_timeout: `${between(random, 5, 400)}ms`,
    min_size: least,
    max_size: random() < 0.5 ? 0 : least + between(random, 1, 5) * unit,
    ...(separates ? { partition: { metadata_keys: ["X-Client"] } } : {}),
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
