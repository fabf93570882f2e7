import type { Batch } from "@tidemark/otlp";
import type { ComponentContext, Exporter } from "../contract/component.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { SendFailure } from "../ledger/node-ledger.ts";
import { attempt, type AttemptResult } from "./attempt.ts";
import { orderedMs, RetrySchedule } from "./backoff.ts";
import { CircuitBreaker, type BreakerState } from "./circuit-breaker.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { Degradation } from "./degradation.ts";
import type { ExporterSettings } from "./exporter-settings.ts";
import { Gate, type Pass } from "./gate.ts";
import { Pauses } from "./pauses.ts";

/** What became of a batch in the end. `stopped`: sending ended first, nobody knows whether it would have gone through. */
export interface SendResult {
  readonly kind: "delivered" | "partly_rejected" | "rejected" | "retries_exhausted" | "stopped";
  readonly attempts: number;
  /** Items that the far side took and threw away. */
  readonly rejected: number;
  readonly error?: PipelineError;
}

const DELIVERED_AT_ONCE: SendResult = { kind: "delivered", attempts: 1, rejected: 0 };
const STOPPED = PipelineError.unavailable("the exporter has stopped");

/** Everything that sending needs beside the batch. */
export interface SenderEnvironment {
  readonly exporter: Exporter;
  readonly settings: ExporterSettings;
  readonly context: Pick<ComponentContext, "clock" | "random" | "log">;
}

/** Sends batches until they are delivered, refused for good, or out of time: retries, circuit breaker, and what slowness asks for. */
export class Sender {
  readonly #environment: SenderEnvironment;
  readonly #deadline = new AbortController();
  readonly #gate: Gate | undefined;
  readonly #limit: ConcurrencyLimit | undefined;
  readonly #degradation: Degradation | undefined;
  readonly #pauses: Pauses;
  #failure: SendFailure | undefined;
  #mayRetry = true;
  #isStopped = false;

  constructor(environment: SenderEnvironment) {
    this.#environment = environment;
    this.#pauses = new Pauses(environment.context.clock);
    const { settings, context } = environment;
    const { queue, retry } = settings;
    if (retry?.circuit_breaker.enabled === true)
      this.#gate = new Gate(new CircuitBreaker(retry.circuit_breaker, context.random), context.clock, (state, before) =>
        this.#breakerChanged(state, before),
      );
    if (queue?.adaptive_concurrency.enabled === true) this.#limit = new ConcurrencyLimit(queue.num_consumers);
    if (queue?.degrade !== undefined) this.#degradation = new Degradation(queue.degrade);
  }

  get breaker(): BreakerState {
    return this.#gate?.state ?? "closed";
  }

  /** The failures since the last success. */
  get failure(): SendFailure | undefined {
    return this.#failure;
  }

  /** Batches that may be on their way at the same time. */
  get concurrency(): number {
    return this.#limit?.value ?? this.#environment.settings.queue?.num_consumers ?? Number.POSITIVE_INFINITY;
  }

  /** Whether sends are slow, so that small compressed requests should go. */
  get isDegraded(): boolean {
    return this.#degradation?.active === true;
  }

  /** From now on each batch is tried once at most, and nobody waits: what fails for now ends as `stopped`. */
  stopRetrying(): void {
    this.#mayRetry = false;
    this.#gate?.stop();
    this.#pauses.wakeAll();
  }

  /** Ends every attempt under way as well. */
  stop(): void {
    this.#isStopped = true;
    this.stopRetrying();
    this.#deadline.abort();
  }

  /** Never rejects. */
  async send(batch: Batch): Promise<SendResult> {
    let schedule: RetrySchedule | undefined;
    for (let attempts = 1; ; attempts++) {
      const admitted = this.#gate?.pass() ?? "open";
      const pass = typeof admitted === "string" ? admitted : await admitted;
      if (this.#isStopped || pass === "stopped" || (attempts > 1 && !this.#mayRetry)) return ended("stopped", attempts - 1, STOPPED);
      const startedAt = this.#environment.context.clock.now();
      const { error, rejected, rejectedMessage } = await this.#attempt(batch);
      this.#learn(pass, startedAt, error);
      if (error === undefined) {
        batch.release();
        return taken(rejected, rejectedMessage, attempts);
      }
      // A socket may still be reading what was given to it.
      batch.keep();
      if (!error.retryable) return ended("rejected", attempts, error);
      if (!this.#mayRetry) return ended("stopped", attempts, error);
      schedule ??= this.#newSchedule();
      if (schedule === undefined) return ended("retries_exhausted", attempts, error);
      if (!(await this.#waitAfter(error, startedAt, attempts, schedule, batch)))
        return ended("retries_exhausted", attempts, exhausted(error));
    }
  }

  #attempt(batch: Batch): Promise<AttemptResult> {
    const { settings, context, exporter } = this.#environment;
    return attempt(exporter, batch, {
      timeoutMs: settings.timeoutMs,
      compression: this.isDegraded ? settings.queue?.degrade?.compression : undefined,
      clock: context.clock,
      deadline: this.#deadline.signal,
    });
  }

  #newSchedule(): RetrySchedule | undefined {
    const { settings, context } = this.#environment;
    return settings.retry === undefined ? undefined : new RetrySchedule(settings.retry, context.random);
  }

  /** Resolves when it is time for the next try, with false when there is none. */
  async #waitAfter(error: PipelineError, startedAt: number, attempts: number, schedule: RetrySchedule, batch: Batch): Promise<boolean> {
    const { clock, log } = this.#environment.context;
    const failedAt = clock.now();
    schedule.spend(failedAt - startedAt);
    const ordered = orderedMs(error);
    const waitMs = schedule.next(attempts, ordered);
    if (waitMs === undefined) return false;
    const fields = { error: error.message, interval_ms: Math.round(waitMs), items: batch.itemCount };
    log.info("Exporting failed. Will retry the request after interval.", fields);
    await this.#pauses.wait(waitMs, ordered !== undefined);
    schedule.spend(clock.now() - failedAt);
    return true;
  }

  /** What an attempt tells about the far side. */
  #learn(pass: Pass, startedAt: number, error: PipelineError | undefined): void {
    if (this.#isStopped) return this.#gate?.leave(pass, "unknown");
    const now = this.#environment.context.clock.now();
    this.#remember(error, now);
    if (error === undefined || !error.retryable) this.#limit?.succeeded(startedAt, now);
    else this.#limit?.overloaded(startedAt, now);
    if (this.#degradation?.sent(now, now - startedAt) === true) this.#degradationChanged(this.#degradation);
    if (this.#gate === undefined) return;
    // Who throttles is there: its Retry-After and the concurrency limit do what is needed.
    const isAlive = error === undefined || !error.retryable || error.code === "resource_exhausted";
    this.#gate.leave(pass, isAlive ? "alive" : "down", error === undefined ? undefined : orderedMs(error));
  }

  #remember(error: PipelineError | undefined, now: number): void {
    const since = this.#failure?.since ?? now;
    this.#failure = error === undefined ? undefined : { since, message: error.message, isRetryable: error.retryable };
  }

  #breakerChanged(state: BreakerState, before: BreakerState): void {
    const { log } = this.#environment.context;
    if (before === "closed") log.warn("The circuit breaker has opened: the far side is down. Batches wait in the queue.");
    if (state !== "closed") return;
    log.info("The circuit breaker has closed: the far side is back.");
    this.#pauses.wakeEager();
  }

  #degradationChanged({ active, p99 }: Degradation): void {
    const { log } = this.#environment.context;
    const fields = { p99_ms: Math.round(p99) };
    if (active) log.warn("Sends are slow. Sending small compressed requests until they are faster.", fields);
    else log.info("Sends are fast again. Sending as configured.", fields);
  }
}

function ended(kind: SendResult["kind"], attempts: number, error: PipelineError): SendResult {
  return { kind, attempts, rejected: 0, error };
}

function taken(rejected: number, message: string, attempts: number): SendResult {
  if (rejected === 0) return attempts === 1 ? DELIVERED_AT_ONCE : { kind: "delivered", attempts, rejected };
  const error = PipelineError.invalid(`the far side rejected ${rejected} items: ${message}`);
  return { kind: "partly_rejected", attempts, rejected, error };
}

function exhausted(error: PipelineError): PipelineError {
  return new PipelineError(`no more retries left: ${error.message}`, { code: error.code, retryable: true, cause: error });
}
