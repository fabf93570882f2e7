import { ConnectionError, ERROR } from "./frame.ts";

/** Cheap frames that a connection may send at once, and in each second from then on. As in nghttp2: far more than any real client. */
const BURST = 1000;
const PER_SECOND = 33;

/**
 * Counts frames that cost their sender nothing and us something: resets (CVE-2023-44487), pings, settings, empty data, priorities. A token
 * bucket, so that a client may be lively for a while.
 */
export class FloodGuard {
  readonly #now: () => number;
  #tokens = BURST;
  #at: number;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#at = now();
  }

  /** @throws ConnectionError when it was one too many. */
  spend(what: string): void {
    this.#tokens -= 1;
    if (this.#tokens >= 0) return;
    const now = this.#now();
    // A clock that was set back says nothing about the client.
    const earned = now < this.#at ? BURST : ((now - this.#at) / 1000) * PER_SECOND;
    this.#tokens = Math.min(BURST, earned) - 1;
    this.#at = now;
    if (this.#tokens < 0) throw new ConnectionError(ERROR.ENHANCE_YOUR_CALM, `too many ${what}`);
  }
}
