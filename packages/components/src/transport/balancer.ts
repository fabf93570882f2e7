import { PipelineError, type Clock, type Random } from "@tidemark/core";

/** gRPC's connection backoff (doc/connection-backoff.md): how long an endpoint that failed is left out. */
const FIRST_OUT_MS = 1000;
const OUT_MULTIPLIER = 1.6;
const OUT_JITTER = 0.2;
const LONGEST_OUT_MS = 120_000;

/** `round_robin` takes endpoints by turns; `pick_first` the first of the list that is not left out. */
export type BalancerPolicy = "round_robin" | "pick_first";

/** There was no connection, so nothing of the request has left. */
export class NotConnected extends PipelineError {
  constructor(message: string) {
    super(message, { code: "unavailable", retryable: true });
  }
}

/** What a balancer is made from. */
export interface BalancerOptions {
  readonly policy: BalancerPolicy;
  /** Whether an attempt that finds no connection anywhere waits for one until it is cancelled (gRPC's wait_for_ready). */
  readonly waitForReady: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

interface Seat<M> {
  readonly member: M;
  /** In a row; 0 for an endpoint that works. */
  failures: number;
  outUntil: number;
  /** An endpoint whose time out is over is tried with one request before it gets more. */
  probing: boolean;
}

/**
 * Spreads attempts over endpoints. One that is unavailable is left out for a growing time, and the attempt goes to the next at once: each
 * endpoint is asked at most once in an attempt. When all are left out they are tried nevertheless, soonest back first.
 */
export class Balancer<M> {
  readonly #options: BalancerOptions;
  #seats: Seat<M>[] = [];
  #next = 0;

  constructor(options: BalancerOptions) {
    this.#options = options;
  }

  /** Changes the endpoints; those that stay keep what is known of them. */
  setMembers(members: readonly M[]): void {
    const known = new Map(this.#seats.map((seat) => [seat.member, seat]));
    this.#seats = members.map((member) => known.get(member) ?? { member, failures: 0, outUntil: 0, probing: false });
  }

  /**
   * Resolves with the first answer that an endpoint gives.
   * @throws PipelineError of the endpoint that refused for another reason than being unavailable, or of all that were.
   */
  async run<T>(attempt: (member: M) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { waitForReady } = this.#options;
    const only = this.#seats.length === 1 && !waitForReady ? this.#seats[0] : undefined;
    if (only !== undefined) return attempt(only.member);
    for (;;) {
      const errors: PipelineError[] = [];
      const tried: Seat<M>[] = [];
      for (let seat = this.#choose(tried); seat !== undefined; seat = this.#choose(tried)) {
        tried.push(seat);
        try {
          const answer = await attempt(seat.member);
          this.#worked(seat);
          return answer;
        } catch (error) {
          errors.push(this.#judge(seat, error, signal));
        }
      }
      if (!waitForReady || !errors.every((error) => error instanceof NotConnected)) throw joined(errors);
      await this.#nextBack(signal);
    }
  }

  #choose(tried: readonly Seat<M>[]): Seat<M> | undefined {
    const seats = this.#seats;
    const now = this.#options.clock.now();
    const start = this.#options.policy === "round_robin" ? this.#next : 0;
    let soonest: Seat<M> | undefined;
    for (let i = 0; i < seats.length; i++) {
      const at = (start + i) % seats.length;
      const seat = seats[at] as Seat<M>;
      if (tried.includes(seat)) continue;
      if (seat.failures === 0 || (now >= seat.outUntil && !seat.probing)) {
        seat.probing = seat.failures > 0;
        // After the one that is taken, not one further: else the turns of those left out would all fall to their neighbours.
        this.#next = at + 1;
        return seat;
      }
      if (soonest === undefined || seat.outUntil < soonest.outUntil) soonest = seat;
    }
    return soonest;
  }

  #worked(seat: Seat<M>): void {
    seat.failures = 0;
    seat.probing = false;
  }

  /** Gives the error back when another endpoint should be asked; throws it when the answer counts. */
  #judge(seat: Seat<M>, caught: unknown, signal: AbortSignal): PipelineError {
    const error = PipelineError.from(caught);
    // An endpoint that let the time pass is as bad as one that says no.
    if (signal.aborted) {
      this.#leaveOut(seat, 0);
      throw caught;
    }
    if (error.retryable && error.code === "unavailable") {
      this.#leaveOut(seat, error.retryAfterMs ?? 0);
      return error;
    }
    this.#worked(seat);
    throw error;
  }

  /** Requests that were on their way together fail together: that is one failure. */
  #leaveOut(seat: Seat<M>, leastMs: number): void {
    const { clock, random } = this.#options;
    const now = clock.now();
    seat.probing = false;
    if (seat.failures > 0 && now < seat.outUntil) return;
    const grown = Math.min(LONGEST_OUT_MS, FIRST_OUT_MS * OUT_MULTIPLIER ** seat.failures);
    seat.failures += 1;
    seat.outUntil = now + Math.max(leastMs, grown * (1 - OUT_JITTER + 2 * OUT_JITTER * random()));
  }

  #nextBack(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const wait = Math.min(...this.#seats.map((seat) => seat.outUntil)) - clock.now();
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        timer.cancel();
        reject(signal.reason as Error);
      };
      const timer = clock.setTimeout(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      }, wait);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
  }
}

/** One error for all endpoints. The least time that they ask for counts, if all of them ask for some. */
function joined(errors: readonly PipelineError[]): PipelineError {
  const [first] = errors;
  if (first === undefined) return PipelineError.unavailable("there is no endpoint");
  if (errors.length === 1) return first;
  const waits = errors.map((error) => error.retryAfterMs ?? 0);
  const least = Math.min(...waits);
  return PipelineError.unavailable(
    `none of ${errors.length} endpoints took the data: ${errors.map((error) => error.message).join("; ")}`,
    least === 0 ? undefined : least,
  );
}
