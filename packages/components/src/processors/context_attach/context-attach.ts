import { evidenceIndexKey, serviceOf, traceContextsKey, traceKey } from "@tidemark/alerting";
import type { TraceContexts } from "@tidemark/alerting";
import type { BatchFunction, ComponentContext, Delivery } from "@tidemark/core";
import type { AttributesEditor, AttributesView, Batch, LogBatch, MetricBatch, TraceBatch } from "@tidemark/otlp";
import { allowedKeys, baggageValues, NO_VALUES, ownValue } from "./allowed-values.ts";
import type { AllowedKey, Values } from "./allowed-values.ts";
import type { ContextAttachConfig } from "./config.ts";
import { SpanEvidence } from "./span-evidence.ts";

/** What spans and log records have in common here. */
interface TracedItem {
  readonly attributes: AttributesView;
  readonly traceIdHigh28: number;
  readonly traceIdLow28: number;
}

/** Gives items the allowed baggage of their request and of their trace, and keeps evidence for alerts. */
export class ContextAttach implements BatchFunction {
  readonly #keys: readonly AllowedKey[];
  readonly #metricKeys: readonly AllowedKey[];
  readonly #maxBytes: number;
  readonly #traces: TraceContexts;
  readonly #evidence: SpanEvidence | undefined;

  constructor({ baggage, evidence }: ContextAttachConfig, context: ComponentContext) {
    this.#keys = allowedKeys(baggage);
    this.#metricKeys = this.#keys.filter(({ name }) => baggage.metric_labels.includes(name));
    this.#maxBytes = baggage.max_value_bytes;
    this.#traces = context.shared(traceContextsKey);
    this.#evidence = evidence.enabled ? new SpanEvidence(context.shared(evidenceIndexKey), evidence) : undefined;
  }

  process(batch: Batch, delivery: Delivery): Batch {
    const values = baggageValues(delivery.context.metadata?.get("baggage"), this.#keys, this.#maxBytes);
    switch (batch.signal) {
      case "traces":
        return this.#spans(batch, values);
      case "logs":
        return this.#records(batch, values);
      case "metrics":
        return this.#points(batch, values);
    }
  }

  #spans(batch: TraceBatch, request: Values): TraceBatch {
    // First all spans of the batch speak, then all listen: the order of spans in a request says nothing.
    this.#learn(batch, request);
    if (this.#evidence !== undefined) this.#observe(batch, request, this.#evidence);
    const items = batch.items();
    while (items.next()) {
      if (this.#lacks(items, request)) return batch.edit({ item: (span) => this.#attach(span, span.attributes, request) });
    }
    return batch;
  }

  #records(batch: LogBatch, request: Values): LogBatch {
    const items = batch.items();
    while (items.next()) {
      if (this.#lacks(items, request)) return batch.edit({ item: (record) => this.#attach(record, record.attributes, request) });
    }
    return batch;
  }

  #points(batch: MetricBatch, request: Values): MetricBatch {
    const wanted = this.#metricKeys.filter(({ name }) => Object.hasOwn(request, name));
    if (wanted.length === 0) return batch;
    return batch.edit({
      item: ({ attributes }) => {
        for (const { name, key } of wanted) if (!attributes.has(key)) attributes.set(key, request[name] ?? "");
      },
    });
  }

  #learn(batch: TraceBatch, request: Values): void {
    const spans = batch.items();
    while (spans.next()) {
      const trace = traceKey(spans.traceIdHigh28, spans.traceIdLow28);
      if (trace === 0) continue;
      const known = this.#traces.get(trace) ?? NO_VALUES;
      let news: Record<string, string> | undefined;
      for (const allowed of this.#keys) {
        if (Object.hasOwn(known, allowed.name)) continue;
        const value = ownValue(spans.attributes, allowed, this.#maxBytes) ?? request[allowed.name];
        if (value !== undefined) (news ??= {})[allowed.name] = value;
      }
      if (news !== undefined) this.#traces.learn(trace, news);
    }
  }

  #observe(batch: TraceBatch, request: Values, evidence: SpanEvidence): void {
    const spans = batch.items();
    let resource = -1;
    let service = "";
    while (spans.next()) {
      if (spans.resource.index !== resource) {
        resource = spans.resource.index;
        service = serviceOf(spans.resource);
      }
      evidence.observe(spans, service, this.#ofTrace(spans) ?? request);
    }
  }

  #ofTrace(item: TracedItem): Values | undefined {
    const trace = traceKey(item.traceIdHigh28, item.traceIdLow28);
    return trace === 0 ? undefined : this.#traces.get(trace);
  }

  /** The value that an item should get for a key that it lacks: its own under another name, its trace's, its request's. */
  #missing(item: TracedItem, allowed: AllowedKey, request: Values): string | undefined {
    return ownValue(item.attributes, allowed, this.#maxBytes) ?? this.#ofTrace(item)?.[allowed.name] ?? request[allowed.name];
  }

  #lacks(item: TracedItem, request: Values): boolean {
    for (const allowed of this.#keys) {
      if (!item.attributes.has(allowed.key) && this.#missing(item, allowed, request) !== undefined) return true;
    }
    return false;
  }

  #attach(item: TracedItem, attributes: AttributesEditor, request: Values): void {
    for (const allowed of this.#keys) {
      if (attributes.has(allowed.key)) continue;
      const value = this.#missing(item, allowed, request);
      if (value !== undefined) attributes.set(allowed.key, value);
    }
  }
}
