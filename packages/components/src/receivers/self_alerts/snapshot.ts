import type { Host, LedgerSnapshot, NodeHealth } from "@tidemark/core";

/** What became of the items of one exporter. */
export interface SendCounts {
  readonly delivered: number;
  /** Items that were given up, by reason; dead letters under `dead_lettered`. */
  readonly lost: Readonly<Record<string, number>>;
}

/** The condition of one worker at one moment, as data that can go to another one. */
export interface Snapshot {
  readonly worker: number;
  /** When its counts began: another one means another process. */
  readonly epoch: number;
  readonly exporters: Readonly<Record<string, SendCounts>>;
  /** The lines of the health report that say something. */
  readonly nodes: readonly NodeHealth[];
}

/** From where the counts of a process count. */
export interface Baseline {
  readonly epoch: number;
  readonly exporters: Readonly<Record<string, SendCounts>>;
}

/** Of an exporter that has done nothing yet. */
export const NOTHING: SendCounts = { delivered: 0, lost: {} };

/** What happened before there was anybody to tell it is not told: of a process that starts that is nothing, after a reload what is in the books. */
export function baselineOf(host: Host, now: number): Baseline {
  return { epoch: now, exporters: host.health().startedAt === undefined ? {} : countsOf(host.ledger()) };
}

/** Looks at this process. */
export function takeSnapshot(host: Host, worker: number, { epoch, exporters: before }: Baseline): Snapshot {
  const now = Object.entries(countsOf(host.ledger()));
  const exporters = Object.fromEntries(now.map(([id, counts]) => [id, difference(counts, before[id] ?? NOTHING)]));
  const nodes = host.health().nodes.filter(({ healthy, trouble, queue }) => !healthy || trouble !== undefined || queue !== undefined);
  return { worker, epoch, exporters, nodes };
}

/** What has been added since `before`. */
export function difference(counts: SendCounts, before: SendCounts): SendCounts {
  const lost = Object.entries(counts.lost).map(([reason, items]) => [reason, items - (before.lost[reason] ?? 0)] as const);
  return { delivered: counts.delivered - before.delivered, lost: Object.fromEntries(lost.filter(([, items]) => items > 0)) };
}

function countsOf({ nodes }: LedgerSnapshot): Record<string, SendCounts> {
  const rows = nodes.filter(({ kind }) => kind === "exporter");
  return Object.fromEntries(
    rows.map(({ id, delivered, lost, deadLettered }) => [
      id,
      { delivered, lost: deadLettered > 0 ? { ...lost, dead_lettered: deadLettered } : lost },
    ]),
  );
}
