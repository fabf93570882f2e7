import { encodeAlerts } from "@tidemark/alerting";
import type { Alert } from "@tidemark/alerting";
import { PipelineError } from "@tidemark/core";
import type { ComponentContext, Outcome, Timer } from "@tidemark/core";

const MAX_WAITING = 10_000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

interface Waiting {
  readonly alert: Alert | Promise<Alert>;
}

/** Offers alerts in order, again and again while they are refused. What must be given up is logged as an error, with its number. */
export class AlertOutbox {
  readonly #context: Pick<ComponentContext, "alerts" | "clock" | "log">;
  #waiting: Waiting[] = [];
  #offering: Promise<void> | undefined;
  #retry: Timer | undefined;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;

  constructor(context: Pick<ComponentContext, "alerts" | "clock" | "log">) {
    this.#context = context;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** An alert that is still being made keeps its place, and must not reject. */
  push(alert: Alert | Promise<Alert>): void {
    this.#waiting.push({ alert });
    const excess = this.#waiting.length - MAX_WAITING;
    if (excess > 0) {
      this.#waiting.splice(0, excess);
      this.#lost(excess, `more than ${MAX_WAITING} alerts wait for pipelines that refuse them`);
    }
  }

  /** Starts offering what waits, unless an offer or a pause is under way. */
  pump(): void {
    if (this.#offering !== undefined || this.#retry !== undefined || this.#waiting.length === 0) return;
    this.#offering = this.#offerAll().finally(() => {
      this.#offering = undefined;
    });
  }

  /** Offers what is left until `deadline`, then gives it up. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    await this.#offering;
    while (this.#waiting.length > 0) {
      const pauseMs = await this.#offerOnce();
      if (this.#waiting.length === 0) return;
      if (deadline.aborted) break;
      await this.#pause(pauseMs, deadline);
    }
    if (this.#waiting.length > 0) this.#lost(this.#waiting.splice(0).length, "the alerts pipelines refused them until shutdown");
  }

  async #offerAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const pauseMs = await this.#offerOnce();
      if (pauseMs === 0) continue;
      if (!this.#closed) this.#retryLater(pauseMs);
      return;
    }
  }

  #retryLater(pauseMs: number): void {
    this.#retry = this.#context.clock.setTimeout(() => {
      this.#retry = undefined;
      this.pump();
    }, pauseMs);
  }

  /** Offers everything that waits; resolves with the pause before the next try, 0 when there is nothing to try again. */
  async #offerOnce(): Promise<number> {
    const taken = this.#waiting;
    this.#waiting = [];
    const alerts: Alert[] = [];
    for (const { alert } of taken) alerts.push(alert instanceof Promise ? await alert : alert);
    const outcome = await this.#offer(alerts);
    if (outcome.kind === "refused") {
      this.#waiting = [...alerts.map((alert) => ({ alert })), ...this.#waiting];
      const pauseMs = Math.max(this.#retryMs, outcome.error.retryAfterMs ?? 0);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
      return pauseMs;
    }
    this.#retryMs = FIRST_RETRY_MS;
    if (outcome.kind === "failed") this.#lost(outcome.items, outcome.error.message);
    return 0;
  }

  async #offer(alerts: readonly Alert[]): Promise<Outcome> {
    try {
      return await this.#context.alerts.offer(encodeAlerts(alerts, this.#context.clock.now()));
    } catch (error) {
      const failure = PipelineError.from(error);
      return failure.retryable ? { kind: "refused", error: failure } : { kind: "failed", error: failure, items: alerts.length };
    }
  }

  #pause(ms: number, deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.clock.setTimeout(done, ms);
      function done(): void {
        timer.cancel();
        deadline.removeEventListener("abort", done);
        resolve();
      }
      deadline.addEventListener("abort", done);
    });
  }

  #lost(alerts: number, reason: string): void {
    this.#context.log.error(`${alerts} ${alerts === 1 ? "alert is" : "alerts are"} lost: ${reason}`, { alerts });
  }
}
