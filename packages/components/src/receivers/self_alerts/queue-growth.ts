import type { QueueFill } from "@tidemark/core";
import type { SelfAlertsConfig } from "./config.ts";
import type { Finding } from "./finding.ts";
import { parseNode } from "./node-name.ts";
import type { Snapshot } from "./snapshot.ts";

/** From this share on a queue counts as full: it cannot grow any more. */
const FULL_SHARE = 0.95;
/** A queue grows when it is fuller than at the last mark by this share of its capacity; less is the noise of a steady one. */
const GROWTH_SHARE = 0.02;

/** What is remembered of one queue that is above the line. */
interface Growth {
  /** When it came above. */
  readonly since: number;
  /** How full it was at the last mark. There is one after each time span of the rule. */
  mark: { readonly at: number; readonly share: number };
  isGrowing: boolean;
}

/** By exporter. */
export type GrowthMemory = Record<string, Growth>;

interface Filled extends QueueFill {
  readonly worker: number;
}

/** Queues that are above the line and grow, until they are below the other line. With several workers the fullest speaks for all. */
export function queueGrowth(
  memory: GrowthMemory,
  snapshots: readonly Snapshot[],
  now: number,
  rule: SelfAlertsConfig["queue_growing"],
): Finding[] {
  const queues = fullest(snapshots);
  for (const exporter of Object.keys(memory)) if (!queues.has(exporter)) delete memory[exporter];
  return [...queues].flatMap(([exporter, filled]) => {
    const [first] = filled.toSorted((a, b) => b.share - a.share);
    if (first === undefined || !isGrowing(memory, { exporter, share: first.share, now }, rule)) return [];
    const workers = filled.filter(({ share }) => share >= rule.below).map(({ worker }) => worker);
    return [describe(first, { exporter, since: memory[exporter]?.since ?? now, workers: [...new Set(workers)] }, rule)];
  });
}

function fullest(snapshots: readonly Snapshot[]): Map<string, Filled[]> {
  const queues = new Map<string, Filled[]>();
  for (const { worker, nodes } of snapshots)
    for (const { node, queue } of nodes) {
      if (queue === undefined) continue;
      const { id } = parseNode(node);
      const known = queues.get(id) ?? [];
      known.push({ ...queue, worker });
      queues.set(id, known);
    }
  return queues;
}

function isGrowing(
  memory: GrowthMemory,
  { exporter, share, now }: { readonly exporter: string; readonly share: number; readonly now: number },
  { above, below, for: spanMs }: SelfAlertsConfig["queue_growing"],
): boolean {
  const growth = memory[exporter];
  if (growth?.isGrowing === true ? share < below : share < above) {
    delete memory[exporter];
    return false;
  }
  if (growth === undefined) {
    memory[exporter] = { since: now, mark: { at: now, share }, isGrowing: spanMs === 0 };
    return spanMs === 0;
  }
  if (growth.isGrowing || now - growth.mark.at < spanMs) return growth.isGrowing;
  growth.isGrowing = share >= FULL_SHARE || share - growth.mark.share >= GROWTH_SHARE;
  growth.mark = { at: now, share };
  return growth.isGrowing;
}

function describe(
  { used, capacity, share }: QueueFill,
  { exporter, since, workers }: { readonly exporter: string; readonly since: number; readonly workers: readonly number[] },
  { above }: SelfAlertsConfig["queue_growing"],
): Finding {
  const percent = Math.round(share * 100);
  const isFull = share >= FULL_SHARE;
  return {
    rule: "queue_growing",
    labels: { exporter },
    since,
    reasonCode: isFull ? "queue_full" : "queue_growing",
    summary: isFull
      ? `The sending queue of exporter ${exporter} is full (${percent} %, ${used} of ${capacity}): senders are refused.`
      : `The sending queue of exporter ${exporter} grows and is filled to ${percent} % (${used} of ${capacity}).`,
    fix: "See why the destination does not keep up; raise num_consumers or add batch to send faster, or queue_size and max_bytes to hold out longer.",
    value: share,
    threshold: above,
    unit: "1",
    workers: workers.toSorted((a, b) => a - b),
  };
}
