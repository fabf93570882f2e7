import { nodeKey, type NodeName } from "./node-name.ts";
import { difference, NOTHING, type SendCounts, type Snapshot } from "./snapshot.ts";
import type { Finding } from "./finding.ts";

/** What one exporter has given up since its alert began. */
interface Failures {
  readonly first: number;
  last: number;
  readonly lost: Record<string, number>;
  /** Whether it has delivered anything after the last of them. */
  hasDelivered: boolean;
  error: string;
  workers: number[];
}

/** What is remembered of all exporters. */
export interface FailureMemory {
  /** The last counts of each exporter in each worker. */
  readonly seen: Record<string, SendCounts & { readonly epoch: number }>;
  readonly failures: Record<string, Failures>;
}

/** When failures count as over. */
export interface FailureRule {
  readonly resolveAfterMs: number;
  /** Exporters by which the alerts themselves leave: an alert that one of them is well again would only fail again. */
  readonly carriers: ReadonlySet<string>;
}

export function noFailures(): FailureMemory {
  return { seen: {}, failures: {} };
}

/** What exporters give up for good. However many batches fail, there is one finding for each exporter, until it has been quiet for a while. */
export function exporterFailures(memory: FailureMemory, snapshots: readonly Snapshot[], now: number, rule: FailureRule): Finding[] {
  for (const snapshot of snapshots) for (const exporter of Object.keys(snapshot.exporters)) learn(memory, snapshot, exporter, now);
  for (const [exporter, { last, hasDelivered }] of Object.entries(memory.failures)) {
    const isOver = now - last >= rule.resolveAfterMs && (hasDelivered || !rule.carriers.has(exporter));
    if (isOver) delete memory.failures[exporter];
  }
  return Object.entries(memory.failures).map(([exporter, failures]) => describe(exporter, failures));
}

function learn(memory: FailureMemory, snapshot: Snapshot, exporter: string, now: number): void {
  const counts = snapshot.exporters[exporter] ?? NOTHING;
  const key = `${snapshot.worker} ${exporter}`;
  const seen = memory.seen[key];
  const added = difference(counts, seen?.epoch === snapshot.epoch ? seen : NOTHING);
  memory.seen[key] = { ...counts, epoch: snapshot.epoch };
  const isFailing = Object.keys(added.lost).length > 0;
  const known = memory.failures[exporter];
  if (!isFailing) {
    if (known !== undefined && added.delivered > 0) known.hasDelivered = true;
    return;
  }
  const failures = known ?? { first: now, last: now, lost: {}, hasDelivered: false, error: "", workers: [] };
  memory.failures[exporter] = failures;
  failures.last = now;
  failures.hasDelivered = false;
  for (const [reason, items] of Object.entries(added.lost)) failures.lost[reason] = (failures.lost[reason] ?? 0) + items;
  failures.error = errorOf(snapshot, exporter) ?? failures.error;
  if (!failures.workers.includes(snapshot.worker)) failures.workers.push(snapshot.worker);
}

function errorOf({ nodes }: Snapshot, exporter: string): string | undefined {
  const name: NodeName = { kind: "exporter", id: exporter };
  return nodes.find(({ node, reason }) => node === nodeKey(name) && reason !== undefined)?.reason;
}

function describe(exporter: string, { first, lost, error, workers }: Failures): Finding {
  const reasons = Object.entries(lost).toSorted(([, a], [, b]) => b - a);
  const items = reasons.reduce((sum, [, count]) => sum + count, 0);
  const [[reasonCode] = ["failed"]] = reasons;
  const words = reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
  const isKept = reasons.every(([reason]) => reason === "dead_lettered");
  return {
    rule: "exporter_failed",
    labels: { exporter },
    since: first,
    reasonCode,
    summary: `Exporter ${exporter} could not deliver ${items} items and has ${isKept ? "put them among the dead letters" : "given them up"} (${words}).`,
    fix: isKept
      ? 'Mend the destination, then send them again: "tidemark dlq replay".'
      : "Mend the destination; to keep what cannot be delivered, set sending_queue.dead_letters or sending_queue.storage.",
    ...(error === "" ? {} : { error }),
    value: items,
    threshold: 0,
    unit: "{item}",
    workers: workers.toSorted((a, b) => a - b),
  };
}
