import type { Clock } from "../contract/clock.ts";
import { STANDARD_POLICY, type Trouble, type NodeHealth } from "../contract/health.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NodeLedger, SendingState } from "../ledger/node-ledger.ts";
import type { TroubleList } from "./trouble-list.ts";

interface Watched {
  moved: number;
  /** When it last moved something, or held nothing. */
  since: number;
}

/** Judges the health of the nodes by their books: every identity holds, and what is held moves on. */
export class ProgressWatch {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #troubles: TroubleList;
  readonly #watched = new WeakMap<NodeLedger, Watched>();
  #unbalancedSince: number | undefined;

  constructor(ledger: Ledger, clock: Clock, troubles: TroubleList) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#troubles = troubles;
  }

  /** Call it at least every few seconds: a node is judged by what it did between two calls. */
  check(): NodeHealth[] {
    const now = this.#clock.now();
    const { violations } = this.#ledger.snapshot();
    this.#unbalancedSince = violations.length === 0 ? undefined : (this.#unbalancedSince ?? now);
    const trouble: Trouble = { code: "books_unbalanced", since: this.#unbalancedSince ?? now };
    return [
      ...this.#ledger.nodes.map((node) => this.#healthOf(node, now)),
      ...violations.map((reason) => ({ node: "ledger", healthy: false, reason, trouble })),
      ...this.#troubles.lines(),
    ];
  }

  #healthOf(ledger: NodeLedger, now: number): NodeHealth {
    const node = ledger.identity.key;
    const { fault } = ledger;
    if (fault !== undefined) return { node, healthy: false, reason: fault };
    const sending = ledger.sending();
    const held = ledger.held();
    const idleMs = now - this.#stalledSince(ledger, sending, held, now);
    const failure = sending?.failure;
    const queue = sending?.queue === undefined ? {} : { queue: sending.queue };
    if (idleMs === 0 && failure === undefined) return { node, healthy: true, ...queue };
    const trouble: Trouble = {
      code: codeOf(sending),
      since: failure?.since ?? now - idleMs,
      ...(idleMs === 0 ? {} : { stalledSince: now - idleMs }),
    };
    return { node, healthy: idleMs < STANDARD_POLICY.downAfterMs, reason: reasonOf(sending, held, idleMs, now), trouble, ...queue };
  }

  #stalledSince(ledger: NodeLedger, sending: SendingState | undefined, held: number, now: number): number {
    const moved = movedBy(ledger, sending);
    const watched = this.#watched.get(ledger) ?? { moved: 0, since: now };
    this.#watched.set(ledger, watched);
    if (held === 0 || moved !== watched.moved) watched.since = now;
    watched.moved = moved;
    return watched.since;
  }
}

/**
 * What counts as progress. An exporter whose destination does not answer makes none by handing data back to senders or by giving it up;
 * one whose destination says no to the data does.
 */
function movedBy(ledger: NodeLedger, sending: SendingState | undefined): number {
  if (sending === undefined) return ledger.moved;
  const taken = ledger.delivered + ledger.droppedTotal;
  return sending.failure?.isRetryable === false ? taken + ledger.failed + ledger.deadLettered : taken;
}

function codeOf(sending: SendingState | undefined): Trouble["code"] {
  if (sending?.failure === undefined) return "no_progress";
  if (sending.isBreakerOpen) return "circuit_breaker_open";
  return sending.failure.isRetryable ? "sends_fail" : "data_rejected";
}

function reasonOf(sending: SendingState | undefined, held: number, idleMs: number, now: number): string {
  const failure = sending?.failure;
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
  const stall = idleMs === 0 ? "" : `holds ${held} items and has moved none for ${seconds(idleMs)}`;
  if (failure === undefined) return stall;
  const since = `no send has succeeded for ${seconds(now - failure.since)}`;
  return `${stall === "" ? since : stall}${sending?.isBreakerOpen === true ? "; the circuit breaker is open" : ""}: ${failure.message}`;
}
