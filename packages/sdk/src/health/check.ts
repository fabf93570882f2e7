import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { CheckSettings } from "./check-options.ts";
import { afterResult, checkStatus, UNCHECKED, type CheckState, type CheckStatus } from "./check-state.ts";
import type { HealthClock } from "./health-clock.ts";
import { failure, thrown, type Outcome } from "./outcome.ts";
import type { Threshold } from "./threshold.ts";

/** Makes a check once. It may throw, reject, or never settle. `isUnhealthy`: what the check is before this run. */
export type Probe = (signal: AbortSignal, isUnhealthy: boolean) => Promise<Outcome>;

/** A call of the probe that has not settled yet, or whose result has not been taken down. */
interface Call {
  readonly startedAt: number;
  readonly abort: AbortController;
  /** Its result counts no more: it came too late, or there is one. */
  isOver: boolean;
}

/** Runs one check again and again, and remembers what it came to. */
export class Check {
  readonly settings: CheckSettings;
  /** Of a sampled check. */
  readonly threshold: Threshold | undefined;
  readonly #probe: Probe;
  readonly #clock: HealthClock;
  #state: CheckState = UNCHECKED;
  #timer: { cancel(): void } | undefined;
  #call: Call | undefined;
  #isStopped = false;

  constructor(settings: CheckSettings, probe: Probe, clock: HealthClock, threshold?: Threshold) {
    this.settings = settings;
    this.threshold = threshold;
    this.#probe = probe;
    this.#clock = clock;
  }

  get state(): CheckState {
    return this.#state;
  }

  get status(): CheckStatus {
    return checkStatus(this.#state, this.settings);
  }

  /** The first run is at once. */
  start(): void {
    this.#timer = this.#clock.setTimeout(() => this.#run(), 0);
  }

  /** Nothing runs or changes after it. A run that is on its way is told by its signal. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#call?.abort.abort();
  }

  #run(): void {
    const startedAt = this.#clock.now();
    const { timeoutMs } = this.settings;
    if (this.#call !== undefined) {
      const elapsed = Math.round((startedAt - this.#call.startedAt) / 1000);
      this.#take(failure("timeout", `still running after ${elapsed} s, though its signal is aborted`), this.#call.startedAt, startedAt);
      return;
    }
    const call: Call = { startedAt, abort: new AbortController(), isOver: false };
    this.#call = call;
    this.#timer = this.#clock.setTimeout(() => {
      this.#end(call, failure("timeout", `no result within ${timeoutMs} ms`));
      call.abort.abort(new DOMException(`the health check took longer than ${timeoutMs} ms`, "TimeoutError"));
    }, timeoutMs);
    void this.#settle(call);
  }

  /** The call is not free for the next run before it has settled, so that a check never overlaps itself. */
  async #settle(call: Call): Promise<void> {
    let outcome: Outcome;
    try {
      // Checks belong to the service, not to the request during which one was registered.
      outcome = await context.with(ROOT_CONTEXT, this.#probe, undefined, call.abort.signal, this.#isUnhealthy);
    } catch (caught) {
      outcome = thrown(caught);
    }
    this.#call = undefined;
    this.#end(call, outcome);
  }

  get #isUnhealthy(): boolean {
    return this.#state.consecutiveFailures >= this.settings.failureThreshold;
  }

  #end(call: Call, outcome: Outcome): void {
    if (call.isOver || this.#isStopped) return;
    call.isOver = true;
    this.#timer?.cancel();
    this.#take(outcome, call.startedAt, call.startedAt);
  }

  /** `ranAt`: when this run was due; the next one follows an interval later. */
  #take(outcome: Outcome, startedAt: number, ranAt: number): void {
    const at = this.#clock.now();
    this.#state = afterResult(this.#state, { outcome, at, durationMs: at - startedAt });
    this.#timer = this.#clock.setTimeout(() => this.#run(), Math.max(0, ranAt + this.settings.intervalMs - at));
  }
}
