import type { Clock } from "../contract/clock.ts";
import type { OwnTroubleCode, NodeHealth } from "../contract/health.ts";

interface Entry {
  readonly node: string;
  readonly code: OwnTroubleCode;
  readonly since: number;
  readonly message: string;
  readonly until: number;
}

/** What components say is wrong with them. Each word holds for a while only, so that one who has ended is forgotten by itself. */
export class TroubleList {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `node` says it for `forMs` milliseconds from now on. */
  say(node: string, code: OwnTroubleCode, message: string, forMs: number): void {
    const key = `${code} ${node}`;
    if (forMs <= 0) return void this.#entries.delete(key);
    const now = this.#clock.now();
    const known = this.#entries.get(key);
    const isNew = known === undefined || known.until <= now;
    this.#entries.set(key, { node, code, message, since: isNew ? now : known.since, until: now + forMs });
  }

  /** What is still wrong, as lines of the health report. */
  lines(): NodeHealth[] {
    const now = this.#clock.now();
    for (const [key, { until }] of this.#entries) if (until <= now) this.#entries.delete(key);
    return [...this.#entries.values()].map(({ node, code, message, since }) => ({
      node,
      healthy: true,
      reason: message,
      trouble: { code, since },
    }));
  }
}
