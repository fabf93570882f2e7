import { attributeText } from "@tidemark/alerting";
import type { EvidenceIndex, EvidenceSample } from "@tidemark/alerting";
import { AttributeKey } from "@tidemark/otlp";
import type { SpanView } from "@tidemark/otlp";
import type { Values } from "./allowed-values.ts";
import type { ContextAttachConfig } from "./config.ts";

const STATUS_ERROR = 2;
const NANOS_PER_MS = 1e6;

/** Feeds spans to the evidence index: value is the duration in milliseconds, a span with error status stands out. */
export class SpanEvidence {
  readonly #index: EvidenceIndex;
  readonly #correlate: readonly AttributeKey[];
  readonly #roomKey: string;
  readonly #userAgentKey: string;
  /** What the two closures below read; set for each span, so that none is made for each span. */
  #span: SpanView | undefined;
  #values: Values = {};

  constructor(index: EvidenceIndex, config: ContextAttachConfig["evidence"]) {
    this.#index = index;
    this.#correlate = config.correlate.map((name) => new AttributeKey(name));
    this.#roomKey = config.room_key;
    this.#userAgentKey = config.user_agent_key;
  }

  observe(span: SpanView, service: string, values: Values): void {
    this.#span = span;
    this.#values = values;
    let key = service;
    for (const correlate of this.#correlate) key += `\n${attributeText(span.attributes.get(correlate))}`;
    const bucket = this.#index.bucket(key, service, this.#attributes);
    this.#index.observe(bucket, span.durationMs, span.statusCode === STATUS_ERROR, this.#sample);
    this.#span = undefined;
  }

  readonly #attributes = (): Record<string, string> => {
    const attributes: Record<string, string> = {};
    for (const correlate of this.#correlate) {
      const value = this.#span?.attributes.get(correlate);
      if (value !== undefined) attributes[correlate.name] = attributeText(value);
    }
    return attributes;
  };

  readonly #sample = (deviant: boolean): EvidenceSample => {
    const baggage: Record<string, string> = {};
    for (const [key, value] of Object.entries(this.#values)) {
      if (key !== this.#roomKey && key !== this.#userAgentKey) baggage[key] = value;
    }
    return {
      traceId: this.#span?.traceId ?? "",
      spanId: this.#span?.spanId ?? "",
      roomId: this.#values[this.#roomKey] ?? "",
      userAgent: this.#values[this.#userAgentKey] ?? "",
      baggage,
      value: this.#span?.durationMs ?? 0,
      at: Number(this.#span?.endTimeUnixNano ?? 0n) / NANOS_PER_MS,
      deviant,
    };
  };
}
