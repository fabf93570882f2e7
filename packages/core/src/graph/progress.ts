import type { Clock } from "../contract/clock.ts";
import type { NodeHealth } from "../contract/component.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";

/** A node that holds items and has moved none for this long is stuck, whatever the process says. */
const STUCK_AFTER_MS = 60_000;

interface Watched {
  moved: number;
  since: number;
}

/** Judges the health of the nodes by their books: every identity holds, and what is held moves on. */
export class ProgressWatch {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #watched = new WeakMap<NodeLedger, Watched>();

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Call it at least every few seconds: a node is judged by what it did between two calls. */
  check(): NodeHealth[] {
    const now = this.#clock.now();
    const stuck = this.#ledger.nodes.map((node): NodeHealth => {
      if (node.fault !== undefined) return { node: node.identity.key, healthy: false, reason: node.fault };
      const held = node.held();
      const watched = this.#watched.get(node) ?? { moved: 0, since: now };
      this.#watched.set(node, watched);
      if (held === 0 || node.moved !== watched.moved) {
        watched.moved = node.moved;
        watched.since = now;
      }
      const key = node.identity.key;
      const idleMs = now - watched.since;
      return idleMs < STUCK_AFTER_MS
        ? { node: key, healthy: true }
        : { node: key, healthy: false, reason: `holds ${held} items and has moved none for ${Math.round(idleMs / 1000)} s` };
    });
    return [...stuck, ...this.#ledger.snapshot().violations.map((reason) => ({ node: "ledger", healthy: false, reason }))];
  }
}
