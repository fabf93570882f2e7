import type { MemoryStorage } from "@tidemark/core/testing";
import type { ClientBooks } from "./client.ts";
import { itemsOfRecord } from "./items.ts";
import type { SimNetwork } from "./network.ts";
import type { Scenario } from "./scenario.ts";
import { OWNER } from "./simulated-process.ts";

/** Everything that is known at the end of a run. */
export interface Evidence {
  readonly scenario: Scenario;
  readonly books: ClientBooks;
  readonly network: SimNetwork;
  readonly storage: MemoryStorage;
  /** Items that the ledgers of all lives of the process booked as lost. */
  readonly lost: number;
  /** Items that they booked as rejected in part. */
  readonly rejected: number;
  /** How often an item lay on the disk when a process died or stopped, or a reload replaced its exporter: it may be sent again. */
  readonly leftBehind: ReadonlyMap<string, number>;
  /** Items that were among the dead letters and were sent again: their place in the order is a new one. */
  readonly replayed: ReadonlySet<string>;
}

/** What is wrong with a finished run; nothing, if all is well. */
export function judge(evidence: Evidence): string[] {
  const { network } = evidence;
  return [
    ...network.faults,
    ...missing(evidence),
    ...unexplained(evidence),
    ...leftovers(evidence),
    ...disorder(evidence),
    ...broken(evidence),
  ];
}

/** Acknowledged is delivered, or rejected by the far side, or among the dead letters; in memory it may also be lost, and counted. */
function missing({ scenario, books, network, storage, lost }: Evidence): string[] {
  const kept = new Set([...storage.deadLetters(OWNER).map(({ record }) => record), ...storage.putAside(OWNER)].flatMap(itemsOfRecord));
  const gone = [...books.acknowledged].filter((item) => !network.arrived.has(item) && !kept.has(item) && !network.thrownAway.has(item));
  // A far side that refuses a piece of what the batch processor has joined: the senders are told how much, and it may be another one that is told.
  const mistaken =
    scenario.mode === "wait_for_result" && scenario.mayBatch ? [...books.failed].filter((item) => network.arrived.has(item)).length : 0;
  const allowed = scenario.mode === "memory" ? lost : mistaken;
  if (gone.length <= allowed) return [];
  return [`acknowledged and missing: ${gone.join(" ")}${allowed > 0 ? `; the books know of ${allowed}` : ""}`];
}

/** More than one arrival needs a reason for each: an answer that was lost, a client that sent again, a disk that still had it. */
function unexplained({ books, network, leftBehind }: Evidence): string[] {
  const wrong: string[] = [];
  for (const [item, count] of network.arrived) {
    const reasons = (network.unanswered.get(item) ?? 0) + (books.resent.get(item) ?? 0) + (leftBehind.get(item) ?? 0);
    if (count > 1 + reasons) wrong.push(`${item} arrived ${count} times, and only ${reasons} repetitions are explained`);
  }
  return wrong;
}

function leftovers({ storage }: Evidence): string[] {
  const records = storage.records(OWNER);
  return records.length === 0 ? [] : [`${records.length} records are still stored after everything was sent`];
}

/** What is promised besides: who waits for room is not told that there is none, and what the far side throws away is counted. */
function broken({ scenario, books, network, rejected }: Evidence): string[] {
  const full = books.refusals.get("sending queue is full") ?? 0;
  return [
    ...(scenario.blocks && full > 0 ? [`${full} requests were refused that should have waited for room`] : []),
    ...(rejected === network.toldOf
      ? []
      : [`the far side threw ${network.toldOf} items away and said so, and the books know of ${rejected}`]),
  ];
}

/** First tries keep the order in which the queue got the batches, as long as it has the same exporter. */
function disorder({ scenario, books, network, replayed }: Evidence): string[] {
  if (scenario.mayJoin || Number.isFinite(scenario.diskBytes) || scenario.storageFails) return [];
  const place = new Map<string, number>();
  books.pushed.forEach((item, at) => {
    if (!books.resent.has(item) && !replayed.has(item)) place.set(item, at);
  });
  for (const tries of network.firstTries) {
    const places = tries.filter((item) => place.has(item)).map((item) => place.get(item)!);
    const wrong = places.findIndex((at, index) => index > 0 && at < places[index - 1]!);
    if (wrong >= 0) return [`${books.pushed[places[wrong]!]} was tried after ${books.pushed[places[wrong - 1]!]}, which came later`];
  }
  return [];
}
