import type { LastReload, NodeHealth, TroubleCode } from "@tidemark/core";
import { mergeFindings, seconds, type Finding, type RuleName } from "./finding.ts";
import { labelsOf, parseNode, type NodeName } from "./node-name.ts";
import type { Snapshot } from "./snapshot.ts";

interface Condition {
  readonly rule: RuleName;
  /** What is wrong; `node` is the component in words, `reason` what the health report says. */
  readonly summary: (node: string, reason: string, lasting: string) => string;
  readonly fix: string;
}

const NO_PROGRESS: Condition = {
  rule: "no_progress",
  summary: (node, reason) => `The ${node} holds data and moves none: ${reason}.`,
  fix: "See what it waits for: its destination for an exporter, the next component for a processor.",
};

/** The first line of a diagnostic: `pipeline.yaml:3:5  CFG_WRONG_TYPE  …`. */
const PLACE = /^(\S.*:\d+:\d+) {2}(CFG_[A-Z_]+)\b/gm;

/** What the health report says, by its codes. */
const CONDITIONS: Readonly<Record<TroubleCode, Condition>> = {
  no_progress: NO_PROGRESS,
  data_rejected: NO_PROGRESS,
  sends_fail: {
    rule: "sends_fail",
    summary: (node, reason) => `No send of the ${node} succeeds: ${reason}.`,
    fix: "Mend the destination, or the way there.",
  },
  circuit_breaker_open: {
    rule: "circuit_breaker_open",
    summary: (node, _reason, lasting) => `The ${node} has not reached its destination for ${lasting}; its circuit breaker is open.`,
    fix: "Mend the destination, or the way there; what is in the queue is sent when it is back.",
  },
  storage_full: {
    rule: "storage_full",
    summary: (node, reason) => `The ${node} has no room, and senders are refused: ${reason}.`,
    fix: "Free some space, raise max_bytes, or see why the queues in it are not emptied; it goes on by itself.",
  },
  storage_unavailable: {
    rule: "storage_unavailable",
    summary: (node, reason) => `The ${node} cannot be used, and senders are refused: ${reason}.`,
    fix: "Check the disk and its permissions; it goes on by itself.",
  },
  records_damaged: {
    rule: "records_damaged",
    summary: (node, reason) => `The ${node} has lost data: ${reason}.`,
    fix: 'Check the disk; what is left of the records is among the dead letters: "tidemark dlq ls".',
  },
  dead_letters_present: {
    rule: "dead_letters_present",
    summary: (node, reason) => `In the ${node} dead letters wait for somebody to look at them: ${reason}.`,
    fix: 'Look at them with "tidemark dlq ls", then replay or drop them.',
  },
  memory_limited: {
    rule: "memory_limited",
    summary: (node, reason) => `The ${node} refuses data: ${reason}.`,
    fix: "Give the collector more memory, more workers or less traffic; smaller queues need less memory.",
  },
  books_unbalanced: {
    rule: "ledger_unbalanced",
    summary: (_node, reason) => `The books of the collector do not balance: ${reason}.`,
    fix: 'This is a defect of a component: keep the output of "tidemark ledger" and report it.',
  },
  component_failed: {
    rule: "component_failed",
    summary: (node, reason) => `The ${node} does not work any more: ${reason}.`,
    fix: "See the log for the first error of this component, and restart the collector.",
  },
};

/** What the health report says is wrong. */
export function conditions(snapshots: readonly Snapshot[], now: number): Finding[] {
  return mergeFindings(snapshots.flatMap(({ worker, nodes }) => nodes.flatMap((health) => findingOf(health, worker, now) ?? [])));
}

function findingOf(health: NodeHealth, worker: number, now: number): Finding | undefined {
  const { healthy, trouble, reason = "no reason is known" } = health;
  const code = trouble?.code ?? (healthy ? undefined : "component_failed");
  if (code === undefined) return undefined;
  const condition = CONDITIONS[code];
  // What is rejected is given up: that is another alert, unless the queue stands still as well.
  const since = condition === NO_PROGRESS ? trouble?.stalledSince : (trouble?.since ?? now);
  if (since === undefined) return undefined;
  const name = parseNode(health.node);
  return {
    rule: condition.rule,
    labels: labelsOf(name),
    since,
    reasonCode: code,
    summary: condition.summary(inWords(name), reason, seconds(now - since)),
    fix: condition.fix,
    error: reason,
    value: Math.round((now - since) / 1000),
    unit: "s",
    workers: [worker],
  };
}

function inWords({ kind, id, pipeline }: NodeName): string {
  if (id === "") return kind;
  return `${kind} ${id}${pipeline === undefined ? "" : ` of pipeline ${pipeline}`}`;
}

/** A reload that was rejected; `undefined` when the last one was not. */
export function rejectedReload(last: LastReload | undefined): Finding | undefined {
  if (last?.result !== "failed") return undefined;
  // Excerpts and messages quote the file, which may hold secrets: a channel for alerts gets the places only.
  const places = [...last.message.matchAll(PLACE)].map(([, place = "", code = ""]) => `${place} ${code}`);
  const [first = ""] = places.length > 0 ? places : last.message.split("\n");
  const count = places.length === 0 ? "" : places.length === 1 ? "one mistake, at " : `${places.length} mistakes, the first at `;
  return {
    rule: "config_reload_failed",
    labels: {},
    since: last.at,
    reasonCode: "config_reload_failed",
    summary: `The new configuration was rejected, and the one before runs on: ${count}${first}`,
    fix: 'Check the configuration with "tidemark validate", mend it and reload.',
    error: places.length > 0 ? places.join("; ") : first,
    workers: [],
  };
}

/** The heartbeat. */
export function watchdog(since: number): Finding {
  return {
    rule: "watchdog",
    labels: {},
    since,
    reasonCode: "watchdog",
    summary: "This alert always fires: while it comes, alerts get through.",
    fix: "Nothing is wrong. When it does not come any more, look at this collector and at the channel of its alerts.",
    workers: [],
  };
}
