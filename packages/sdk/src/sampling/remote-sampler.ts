import { context, diag, type Attributes, type Context, type Link, type SpanKind } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import type { Sampler, SamplingResult } from "@opentelemetry/sdk-trace";
import type { HealthClock } from "../health/health-clock.ts";
import { ratioSampler } from "./ratio-sampler.ts";
import { checkSampling, type SamplingOptions } from "./sampling-options.ts";
import { samplerOf } from "./strategy-answer.ts";

const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 1 << 20;
const MAX_REASON_LENGTH = 300;

/** What the sampler needs from outside. */
export interface RemoteSamplerEnvironment {
  readonly clock: HealthClock;
  readonly fetch: typeof globalThis.fetch;
}

/** Decides about new traces as a server of Jaeger's remote sampling API says, and asks it again and again. */
export class RemoteSampler implements Sampler {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #intervalMs: number;
  readonly #environment: RemoteSamplerEnvironment;
  #sampler: Sampler;
  /** The answer that `#sampler` was made from. */
  #answer: string | undefined;
  #complained = "";
  #timer: { cancel(): void } | undefined;
  #asking: AbortController | undefined;
  #isStopped = false;

  /** @throws TypeError or RangeError when an option cannot be used. */
  constructor(serviceName: string, options: SamplingOptions, environment: RemoteSamplerEnvironment) {
    const { endpoint, headers, pollingIntervalMs, initialSamplingRate } = checkSampling(options);
    this.#url = `${endpoint}/sampling?${new URLSearchParams({ service: serviceName }).toString()}`;
    this.#headers = headers;
    this.#intervalMs = pollingIntervalMs;
    this.#sampler = ratioSampler(initialSamplingRate);
    this.#environment = environment;
  }

  shouldSample(parent: Context, traceId: string, name: string, kind: SpanKind, attributes: Attributes, links: Link[]): SamplingResult {
    return this.#sampler.shouldSample(parent, traceId, name, kind, attributes, links);
  }

  toString(): string {
    return `Remote{${this.#sampler.toString()}}`;
  }

  /** Asks at once, and goes on until `stop`. */
  start(): void {
    void this.#poll();
  }

  /** Asks no more; the last answer stays in force. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#asking?.abort();
  }

  async #poll(): Promise<void> {
    const { clock } = this.#environment;
    try {
      this.#use(await this.#ask());
      this.#complained = "";
    } catch (caught) {
      this.#complain(caught);
    }
    if (!this.#isStopped) this.#timer = clock.setTimeout(() => void this.#poll(), this.#intervalMs);
  }

  /** The next question waits for the end of this one, so that a slow server is not asked more and more. */
  async #ask(): Promise<string> {
    const { clock, fetch } = this.#environment;
    const asking = (this.#asking = new AbortController());
    const timer = clock.setTimeout(() => asking.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    try {
      // An instrumentation would make each question a trace of its own.
      return await context.with(suppressTracing(context.active()), async () => {
        const response = await fetch(this.#url, { headers: this.#headers, signal: asking.signal });
        const text = await textOf(response);
        if (!response.ok) throw new Error(`the answer is ${response.status}: ${text}`);
        return text;
      });
    } finally {
      timer.cancel();
    }
  }

  /** An answer that has not changed leaves a rate limit its count. */
  #use(answer: string): void {
    if (this.#isStopped || answer === this.#answer) return;
    this.#sampler = samplerOf(answer, () => this.#environment.clock.now());
    this.#answer = answer;
  }

  /** Once for each new reason. What stands behind a colon may be a server's text, which may differ each time. */
  #complain(caught: unknown): void {
    const whole = caught instanceof Error ? ((caught.cause as Error | undefined)?.message ?? caught.message) : String(caught);
    const reason = whole
      .slice(0, MAX_REASON_LENGTH)
      .replaceAll(/\p{Cc}+/gu, " ")
      .trim();
    const [kind = ""] = reason.split(":", 1);
    if (this.#isStopped || kind === this.#complained) return;
    this.#complained = kind;
    diag.warn(`The sampling strategy could not be had from ${this.#url}; ${this.#sampler.toString()} stays in force: ${reason}`);
  }
}

/** @throws Error when there is more of it than any strategy needs; the rest is not read then. */
async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
