import type { Alert } from "@tidemark/alerting";
import { PipelineError } from "@tidemark/core";
import type { ComponentContext, Exporter, SendContext, Timer } from "@tidemark/core";
import type { Batch } from "@tidemark/otlp";
import { alertsOfBatch } from "../../notify/alerts-of-batch.ts";
import { JsonPoster } from "../../notify/json-poster.ts";
import { RATE_LIMITED, rejectionOf } from "./answer.ts";
import type { WecomConfig } from "./config.ts";
import { messageOf } from "./message.ts";
import { RateWindow } from "./rate-window.ts";

const MINUTE_MS = 60_000;

/** A batch that waits for its message, and who wants to know. */
interface Entry {
  readonly alerts: readonly Alert[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Sends alerts to a WeCom group robot, one message at a time; what comes meanwhile shares the next message. */
export class WecomExporter implements Exporter {
  readonly #config: WecomConfig;
  readonly #context: ComponentContext;
  readonly #window: RateWindow;
  #poster: JsonPoster | undefined;
  readonly #waiting = new Set<Entry>();
  #sending = false;
  #wake: Timer | undefined;

  constructor(config: WecomConfig, context: ComponentContext) {
    this.#config = config;
    this.#context = context;
    this.#window = new RateWindow(config.messages_per_minute, MINUTE_MS);
  }

  start(): void {
    this.#poster = new JsonPoster(this.#config.url, {}, {});
  }

  shutdown(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    for (const entry of this.#waiting) entry.reject(PipelineError.unavailable("the wecom exporter has stopped"));
    this.#waiting.clear();
    this.#poster?.close();
    this.#poster = undefined;
  }

  send(batch: Batch, { signal }: SendContext): Promise<void> {
    const alerts = alertsOfBatch(batch);
    if (alerts.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(entry);
        done();
        reject(this.#timedOut());
      };
      const done = (): void => signal.removeEventListener("abort", abort);
      const entry: Entry = {
        alerts,
        resolve: () => {
          done();
          resolve();
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      if (signal.aborted) return reject(this.#timedOut());
      signal.addEventListener("abort", abort);
      this.#waiting.add(entry);
      this.#pump();
    });
  }

  #timedOut(): PipelineError {
    const wait = this.#window.delay(this.#context.clock.now());
    const reason =
      wait > 0
        ? `the robot's limit of ${this.#config.messages_per_minute} messages a minute is used up`
        : "the robot did not answer in time";
    return PipelineError.exhausted(`${reason}; the alerts will be sent later`, wait);
  }

  #pump(): void {
    if (this.#sending || this.#wake !== undefined || this.#waiting.size === 0 || this.#poster === undefined) return;
    const wait = this.#window.delay(this.#context.clock.now());
    if (wait > 0) {
      this.#wake = this.#context.clock.setTimeout(() => {
        this.#wake = undefined;
        this.#pump();
      }, wait);
      return;
    }
    const entries = [...this.#waiting];
    this.#waiting.clear();
    this.#sending = true;
    void this.#deliver(entries, this.#poster);
  }

  async #deliver(entries: readonly Entry[], poster: JsonPoster): Promise<void> {
    try {
      await this.#post(
        entries.flatMap(({ alerts }) => alerts),
        poster,
      );
      for (const entry of entries) entry.resolve();
    } catch (error) {
      const failure = PipelineError.from(error);
      for (const entry of entries) entry.reject(failure);
    } finally {
      this.#sending = false;
      this.#pump();
    }
  }

  async #post(alerts: readonly Alert[], poster: JsonPoster): Promise<void> {
    const { clock } = this.#context;
    const limit = new AbortController();
    const timer = clock.setTimeout(() => limit.abort(), this.#config.request_timeout || MINUTE_MS);
    this.#window.take(clock.now());
    try {
      const answer = await poster.post(messageOf(alerts, this.#config), limit.signal);
      const rejection = rejectionOf(answer, poster, clock.now());
      if (rejection === undefined) return;
      if (rejection.errcode === RATE_LIMITED) this.#window.block(clock.now());
      throw rejection.error;
    } catch (error) {
      if (!limit.signal.aborted) throw error;
      throw new PipelineError(`${poster.host} did not answer within request_timeout`, {
        code: "deadline_exceeded",
        retryable: true,
        cause: error,
      });
    } finally {
      timer.cancel();
    }
  }
}
