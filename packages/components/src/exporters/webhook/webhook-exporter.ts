import type { Alert } from "@tidemark/alerting";
import type { ComponentContext, Exporter, SendContext } from "@tidemark/core";
import type { Batch } from "@tidemark/otlp";
import { loadClientTls } from "../../transport/tls/tls.ts";
import { alertsOfBatch } from "../../notify/alerts-of-batch.ts";
import type { WebhookConfig } from "./config.ts";
import { httpError, JsonPoster } from "../../notify/json-poster.ts";
import { payloadOf } from "./payload.ts";

/** Posts each batch of alerts as one Alertmanager webhook message, or as several where `max_alerts` asks for it. */
export class WebhookExporter implements Exporter {
  readonly #config: WebhookConfig;
  readonly #context: ComponentContext;
  #poster: JsonPoster | undefined;

  constructor(config: WebhookConfig, context: ComponentContext) {
    this.#config = config;
    this.#context = context;
  }

  /** Rejects when a certificate cannot be read. */
  async start(): Promise<void> {
    const { url, headers, tls } = this.#config;
    this.#poster = new JsonPoster(url, headers, await loadClientTls(tls));
  }

  shutdown(): void {
    this.#poster?.close();
    this.#poster = undefined;
  }

  async send(batch: Batch, { signal }: SendContext): Promise<void> {
    const alerts = alertsOfBatch(batch);
    const max = this.#config.max_alerts || alerts.length;
    // A try that fails half-way is repeated as a whole: a receiver tells by fingerprint and startsAt what it has seen.
    for (let from = 0; from < alerts.length; from += max) await this.#post(alerts.slice(from, from + max), signal);
  }

  async #post(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    const poster = this.#poster;
    if (poster === undefined) throw new Error("the webhook exporter is not started");
    const { external_url: externalUrl, trace_url: traceUrl } = this.#config;
    const answer = await poster.post(payloadOf(alerts, { receiver: this.#context.id, externalUrl, traceUrl }), signal);
    if (answer.status < 200 || answer.status > 299) throw httpError(answer, poster, this.#context.clock.now());
  }
}
