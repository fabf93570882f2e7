import type { Clock, Logger, Outcome, Timer } from "@tidemark/core";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A pipeline that holds so many batches of ours gets no more until it has settled some. */
const MAX_ON_THEIR_WAY = 64;

/** What an outbox needs from outside. */
export interface OutboxOptions<T> {
  readonly clock: Clock;
  readonly log: Logger;
  /** Sends these as one batch; resolves with what became of it. */
  readonly send: (items: readonly T[]) => Promise<Outcome>;
}

/**
 * Sends what was seen last of several things. What the pipeline refuses is sent again after a pause, unless something newer has been
 * seen of the same thing: a state that is over interests nobody, and memory stays bounded by the number of things.
 */
export class NewestOutbox<T> {
  readonly #options: OutboxOptions<T>;
  readonly #newest = new Map<string, T>();
  #waiting = new Map<string, T>();
  #onTheirWay = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: Timer | undefined;
  #isClosed = false;
  #isRefused = false;
  #whenEmpty: (() => void) | undefined;

  constructor(options: OutboxOptions<T>) {
    this.#options = options;
  }

  /** Remembers `item` as the newest of `key`; `flush` sends it. */
  put(key: string, item: T): void {
    this.#newest.set(key, item);
    this.#waiting.set(key, item);
  }

  /** Sends everything that waits, unless the pipeline has just refused or has too much of ours. */
  flush(): void {
    if (this.#waiting.size === 0 || this.#pause !== undefined || this.#onTheirWay >= MAX_ON_THEIR_WAY) return;
    const sent = this.#waiting;
    this.#waiting = new Map();
    this.#onTheirWay += 1;
    void this.#options.send([...sent.values()]).then((outcome) => this.#settled(sent, outcome));
  }

  /** Sends what waits for the last time; resolves when nothing is on its way any more, or with the deadline. */
  close(deadline: AbortSignal): Promise<void> {
    this.#pause?.cancel();
    this.#pause = undefined;
    this.flush();
    this.#isClosed = true;
    if (this.#onTheirWay === 0 || deadline.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
      deadline.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #settled(sent: ReadonlyMap<string, T>, outcome: Outcome): void {
    this.#onTheirWay -= 1;
    if (this.#onTheirWay === 0) this.#whenEmpty?.();
    if (outcome.kind === "refused") return this.#refused(sent, outcome.error.message, outcome.error.retryAfterMs ?? 0);
    const { log } = this.#options;
    if (outcome.kind === "failed") log.error("Metrics are lost.", { points: outcome.items, error: outcome.error.message });
    else if (this.#isRefused) log.info("The pipeline takes metrics again.");
    this.#isRefused = false;
    this.#pauseMs = FIRST_PAUSE_MS;
    // What had to wait for a place.
    if (!this.#isClosed && this.#onTheirWay === MAX_ON_THEIR_WAY - 1) this.flush();
  }

  #refused(sent: ReadonlyMap<string, T>, error: string, retryAfterMs: number): void {
    for (const [key, item] of sent) if (this.#newest.get(key) === item) this.#waiting.set(key, item);
    const { clock, log } = this.#options;
    if (!this.#isRefused) log.warn("The pipeline refuses metrics; only the newest are kept and sent again.", { error });
    this.#isRefused = true;
    if (this.#isClosed || this.#pause !== undefined) return;
    this.#pause = clock.setTimeout(
      () => {
        this.#pause = undefined;
        this.flush();
      },
      Math.max(this.#pauseMs, retryAfterMs),
    );
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
