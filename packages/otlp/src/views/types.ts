/** A decoded AnyValue. Ints are numbers while they are safe integers, else bigints; an empty AnyValue is null. */
export type AttributeValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/*
 * Views point into the bytes of a batch and decode a field when it is read. A cursor reuses one view for all items, so a
 * view, and every view reached through it, is valid until the next call of `next()`; decoded values stay valid.
 * An absent field reads as its protobuf default. When a singular field occurs twice, the last one counts.
 */

/** Attributes of a record. When a key occurs twice, the first one counts. */
export interface AttributesView {
  /** The value, or undefined when there is no such key. */
  get(key: string | AttributeKeyLike): AttributeValue | undefined;
  /** The value when it is a string, else undefined. */
  getString(key: string | AttributeKeyLike): string | undefined;
  has(key: string | AttributeKeyLike): boolean;
  /** Number of pairs as sent, repeated keys included. */
  readonly size: number;
  /** Pairs as sent, repeated keys included. */
  entries(): Iterable<[string, AttributeValue]>;
  toObject(): Record<string, AttributeValue>;
  /** 52-bit hash of the encoded pairs, the same in every order of them. Stable across processes; not for adversaries. */
  hash(): number;
}

/** What a precompiled `AttributeKey` offers. */
export interface AttributeKeyLike {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The resource of an item. */
export interface ResourceView {
  /** Number of the resource envelope within the batch. */
  readonly index: number;
  readonly attributes: AttributesView;
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** The instrumentation scope of an item. */
export interface ScopeView {
  /** Number of the scope envelope within the batch. */
  readonly index: number;
  readonly name: string;
  readonly version: string;
  readonly attributes: AttributesView;
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** What all items have. */
export interface ItemView {
  /** Number of the item within the batch, from 0. */
  readonly index: number;
  readonly resource: ResourceView;
  readonly scope: ScopeView;
  readonly attributes: AttributesView;
}

/** An event of a span, decoded. */
export interface SpanEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: Record<string, AttributeValue>;
  readonly droppedAttributesCount: number;
}

/** A link of a span, decoded. Ids are lower-case hexadecimal. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Record<string, AttributeValue>;
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

/** Ids are lower-case hexadecimal, "" when absent. */
export interface SpanView extends ItemView {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** Shares memory with the batch; empty when absent. */
  readonly traceIdBytes: Uint8Array;
  readonly spanIdBytes: Uint8Array;
  /** Copies the 16 bytes of the trace id to the start of `target`, without making an object; false when there is no such id. */
  copyTraceId(target: Uint8Array): boolean;
  /** The low 56 bits of the trace id, which are random by W3C Trace Context level 2, as two halves; 0 without a 16-byte id. */
  readonly traceIdHigh28: number;
  readonly traceIdLow28: number;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** End minus start; negative when the clock went back, 0 when one of them is absent. */
  readonly durationMs: number;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  events(): Iterable<SpanEvent>;
  links(): Iterable<SpanLink>;
}

/** Ids are lower-case hexadecimal, "" when absent. */
export interface LogRecordView extends ItemView {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  /** null when absent */
  readonly body: AttributeValue;
  readonly eventName: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceIdBytes: Uint8Array;
  readonly spanIdBytes: Uint8Array;
  /** As that of a span. */
  copyTraceId(target: Uint8Array): boolean;
  readonly traceIdHigh28: number;
  readonly traceIdLow28: number;
  readonly flags: number;
  readonly droppedAttributesCount: number;
}

export type MetricType = "gauge" | "sum" | "histogram" | "exponential_histogram" | "summary";

/** The metric of a data point. */
export interface MetricView {
  /** Number of the metric within the batch. */
  readonly index: number;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: MetricType;
  /** 0 unspecified, 1 delta, 2 cumulative; gauges and summaries have 0. */
  readonly temporality: 0 | 1 | 2;
  readonly isMonotonic: boolean;
  readonly metadata: AttributesView;
}

/** Buckets of an exponential histogram. */
export interface BucketsValue {
  readonly offset: number;
  readonly bucketCounts: number[];
}

export interface QuantileValue {
  readonly quantile: number;
  readonly value: number;
}

/** An exemplar, decoded. Ids are lower-case hexadecimal, "" when absent. */
export interface Exemplar {
  readonly timeUnixNano: bigint;
  readonly value: number | undefined;
  readonly traceId: string;
  readonly spanId: string;
  readonly filteredAttributes: Record<string, AttributeValue>;
}

/** A data point of any metric type; fields that its type does not have read as absent. */
export interface DataPointView extends ItemView {
  readonly metric: MetricView;
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly flags: number;
  /** Flag bit 1: the series ended, the point has no value. */
  readonly noRecordedValue: boolean;
  /** Value of a gauge or sum point. */
  readonly value: number | bigint | undefined;
  readonly valueKind: "int" | "double" | undefined;
  /** Number while it is a safe integer. */
  readonly count: number | bigint;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Counts above 2^53 lose precision. */
  readonly bucketCounts: number[];
  readonly explicitBounds: number[];
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: BucketsValue;
  readonly negative: BucketsValue;
  readonly quantiles: QuantileValue[];
  exemplars(): Iterable<Exemplar>;
  /**
   * 52-bit identity of the series: resource attributes, scope (name, version, attributes), metric name, unit, type,
   * temporality, monotonicity, point attributes; orders of attributes do not matter.
   */
  readonly seriesIdentity: number;
}
