import { PipelineError, type Clock } from "@tidemark/core";

/** Checks that may wait; a client beyond them is asked to come back. */
const WAITING_LIMIT = 32;
/** A failed check is followed by a rest of so many times what it took, so that guessing cannot use up the processor. */
const REST_FACTOR = 4;
const RETRY_AFTER_MS = 1000;

/** Runs checks that are made to take long, one after the other. */
export class SlowLane {
  readonly #clock: Clock;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves with the result of `check` when its turn has come.
   * @throws PipelineError, retryable, when too many wait.
   */
  run(check: () => Promise<boolean>): Promise<boolean> {
    if (this.#waiting >= WAITING_LIMIT) throw PipelineError.unavailable("too many passwords are being checked", RETRY_AFTER_MS);
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#timed(check));
    const result = turn.then(({ matches }) => matches);
    this.#last = turn.then(
      ({ rest }) => this.#pause(rest),
      () => undefined,
    );
    return result;
  }

  async #timed(check: () => Promise<boolean>): Promise<{ readonly matches: boolean; readonly rest: number }> {
    const start = this.#clock.now();
    const matches = await check().finally(() => (this.#waiting -= 1));
    return { matches, rest: matches ? 0 : REST_FACTOR * (this.#clock.now() - start) };
  }

  #pause(ms: number): Promise<void> | undefined {
    return ms > 0 ? new Promise((resolve) => void this.#clock.setTimeout(resolve, ms)) : undefined;
  }
}
