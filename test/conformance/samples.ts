import type { Signal } from "../lib/payload.ts";
import type { PlainMessage } from "../lib/proto-types.ts";

const START = 1_750_000_000_000_000_000n;
const ID_KEYS: ReadonlySet<string> = new Set(["traceId", "spanId", "parentSpanId"]);

/** A request with `items` small items as OTLP/JSON; the resource has `more` attributes. */
export function sample(signal: Signal, service: string, items = 1, more: readonly PlainMessage[] = []): PlainMessage {
  return envelope(signal, service, smallItems(signal, items), more);
}

function smallItems(signal: Signal, count: number): PlainMessage[] {
  const list = Array.from({ length: count }, (_, index) => index);
  if (signal === "traces") return list.map((index) => smallSpan(index));
  if (signal === "logs") return list.map((index) => ({ timeUnixNano: time(index), severityNumber: 9, body: text(`record ${index}`) }));
  const dataPoints = list.map((index) => ({ timeUnixNano: time(index), asDouble: index + 0.5 }));
  return [{ name: "queue.depth", unit: "{message}", gauge: { dataPoints } }];
}

/** An attribute with so many bytes of text, for requests that have to be large. */
export function padding(bytes: number): PlainMessage {
  return { key: "padding", value: text("x".repeat(bytes)) };
}

/** A request that uses every field of the signal, with values at the edges of their types. */
export function everyField(signal: Signal, service: string): PlainMessage {
  const items = { traces: [fullSpan()], logs: [fullRecord()], metrics: fullMetrics() }[signal];
  return envelope(signal, service, items);
}

/** A request with a resource and a scope, and no item in them. */
export function emptyEnvelope(signal: Signal, service: string): PlainMessage {
  return envelope(signal, service, []);
}

/** OTLP/JSON as the data that protobufjs encodes: ids in base64. */
export function toReference(json: unknown): PlainMessage {
  return recode(json, (hex) => Buffer.from(hex, "hex").toString("base64")) as PlainMessage;
}

function recode(value: unknown, id: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => recode(each, id));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, ID_KEYS.has(key) && typeof inner === "string" ? id(inner) : recode(inner, id)]),
  );
}

function envelope(signal: Signal, service: string, items: readonly PlainMessage[], more: readonly PlainMessage[] = []): PlainMessage {
  const resource = { attributes: [{ key: "service.name", value: text(service) }, ...more], droppedAttributesCount: 1 };
  const scope = { name: "conformance", version: "1", attributes: [{ key: "scope.attribute", value: text("yes") }] };
  const schemaUrl = "https://opentelemetry.io/schemas/1.30.0";
  if (signal === "traces") return { resourceSpans: [{ resource, schemaUrl, scopeSpans: [{ scope, schemaUrl, spans: items }] }] };
  if (signal === "logs") return { resourceLogs: [{ resource, schemaUrl, scopeLogs: [{ scope, schemaUrl, logRecords: items }] }] };
  return { resourceMetrics: [{ resource, schemaUrl, scopeMetrics: [{ scope, schemaUrl, metrics: items }] }] };
}

function smallSpan(index: number): PlainMessage {
  const spanId = (index + 1).toString(16).padStart(16, "0");
  return {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId,
    name: `span ${index}`,
    kind: 2,
    startTimeUnixNano: time(index),
    endTimeUnixNano: time(index + 1),
  };
}

function fullSpan(): PlainMessage {
  return {
    ...smallSpan(0),
    parentSpanId: "eee19b7ec3c1b173",
    traceState: "a=1,b=2",
    attributes: allValues(),
    droppedAttributesCount: 2,
    events: [{ timeUnixNano: time(1), name: "event", attributes: allValues(), droppedAttributesCount: 3 }],
    droppedEventsCount: 4,
    links: [
      {
        traceId: "00112233445566778899aabbccddeeff",
        spanId: "0123456789abcdef",
        traceState: "c=3",
        attributes: allValues(),
        droppedAttributesCount: 5,
        flags: 257,
      },
    ],
    droppedLinksCount: 6,
    status: { code: 2, message: "Ошибка ⚡" },
    flags: 257,
  };
}

function fullRecord(): PlainMessage {
  return {
    timeUnixNano: "18446744073709551615",
    observedTimeUnixNano: time(1),
    severityNumber: 17,
    severityText: "ERROR",
    body: { kvlistValue: { values: allValues() } },
    attributes: allValues(),
    droppedAttributesCount: 7,
    flags: 1,
    traceId: "00112233445566778899aabbccddeeff",
    spanId: "0123456789abcdef",
    eventName: "conformance.event",
  };
}

function fullMetrics(): readonly PlainMessage[] {
  const attributes = allValues();
  const times = { startTimeUnixNano: time(0), timeUnixNano: time(1) };
  const exemplars = [
    {
      timeUnixNano: time(1),
      asDouble: -1.5,
      traceId: "00112233445566778899aabbccddeeff",
      spanId: "0123456789abcdef",
      filteredAttributes: attributes,
    },
    { timeUnixNano: time(2), asInt: "-9223372036854775808" },
  ];
  const summary = { count: "4", sum: 10.5, min: -2, max: 8 };
  const exponential = { ...summary, scale: -3, zeroCount: "1", zeroThreshold: 0.001 };
  const buckets = { offset: -7, bucketCounts: ["1", "2"] };
  return [
    {
      name: "gauge",
      description: "a gauge",
      unit: "1",
      metadata: attributes,
      gauge: {
        dataPoints: [
          { ...times, attributes, asDouble: 1e300, exemplars, flags: 1 },
          { ...times, asInt: "9223372036854775807" },
        ],
      },
    },
    { name: "sum", sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...times, asInt: "-1" }] } },
    {
      name: "histogram",
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [{ ...times, ...summary, attributes, bucketCounts: ["1", "3"], explicitBounds: [0.5], exemplars }],
      },
    },
    {
      name: "exponential",
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [{ ...times, ...exponential, attributes, positive: buckets, negative: buckets, exemplars }],
      },
    },
    {
      name: "summary",
      summary: {
        dataPoints: [
          {
            ...times,
            count: "4",
            sum: 10.5,
            attributes,
            quantileValues: [
              { quantile: 0.5, value: 2 },
              { quantile: 1, value: 8 },
            ],
          },
        ],
      },
    },
  ];
}

function allValues(): readonly PlainMessage[] {
  return [
    { key: "string", value: text("text “quoted” \n é 漢字 🙂") },
    { key: "empty", value: text("") },
    { key: "bool", value: { boolValue: true } },
    { key: "int", value: { intValue: "-9007199254740993" } },
    { key: "double", value: { doubleValue: 0.1 } },
    { key: "bytes", value: { bytesValue: "AP/+gA==" } },
    { key: "array", value: { arrayValue: { values: [text("a"), { intValue: "1" }, {}] } } },
    { key: "map", value: { kvlistValue: { values: [{ key: "inner", value: { arrayValue: { values: [{ boolValue: false }] } } }] } } },
  ];
}

function text(stringValue: string): { readonly stringValue: string } {
  return { stringValue };
}

function time(index: number): string {
  return String(START + BigInt(index) * 1_000_000n);
}
