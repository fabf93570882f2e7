import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openBatch, WireError } from "../index.ts";
import type { AttributeValue, AttributesView, Batch, Signal } from "../index.ts";
import { arbitraryData } from "../testdata/arbitraries.ts";
import { referenceDecode, referenceEncode, ROOT_TYPES } from "../testdata/reference.ts";
import type { Data } from "../testdata/reference.ts";
import { logs, metrics, traces } from "../testing/index.ts";

const list = (value: unknown): Data[] => (value as Data[] | undefined) ?? [];
const safe = (value: bigint | number): bigint | number => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** An AnyValue in the form of `toObject` as its view gives it. */
function valueOf(any: Data | undefined): AttributeValue {
  if (any === undefined) return null;
  if ("intValue" in any) return safe(any["intValue"] as bigint);
  if ("arrayValue" in any) return list((any["arrayValue"] as Data)["values"]).map(valueOf);
  if ("kvlistValue" in any) return attributesOf((any["kvlistValue"] as Data)["values"]);
  return (any["stringValue"] ?? any["boolValue"] ?? any["doubleValue"] ?? any["bytesValue"] ?? null) as AttributeValue;
}

/** Attributes by key; the first pair of a key counts. */
function attributesOf(pairs: unknown): Record<string, AttributeValue> {
  return Object.fromEntries(
    list(pairs)
      .map((pair) => [pair["key"] ?? "", valueOf(pair["value"] as Data)] as const)
      .reverse(),
  );
}

function expectAttributes(view: AttributesView, pairs: unknown): void {
  const expected = attributesOf(pairs);
  expect(view.toObject()).toEqual(expected);
  expect(view.size).toBe(list(pairs).length);
  for (const [key, value] of Object.entries(expected)) {
    expect(view.get(key)).toEqual(value);
    expect(view.has(key)).toBe(true);
    expect(view.getString(key)).toBe(typeof value === "string" ? value : undefined);
  }
  expect(view.get("no such key")).toBeUndefined();
}

interface Context {
  readonly resource: Data;
  readonly scope: Data;
  readonly resourceIndex: number;
  readonly scopeIndex: number;
}

function contextsOf(data: Data, names: readonly [string, string, string]): [Context, Data][] {
  let scopeIndex = -1;
  return list(data[names[0]]).flatMap((resource, resourceIndex) =>
    list(resource[names[1]]).flatMap((scope) => {
      scopeIndex++;
      return list(scope[names[2]]).map((item): [Context, Data] => [{ resource, scope, resourceIndex, scopeIndex }, item]);
    }),
  );
}

function expectContext(item: ReturnType<Batch["items"]>, context: Context): void {
  const resource = (context.resource["resource"] ?? {}) as Data;
  const scope = (context.scope["scope"] ?? {}) as Data;
  expect(item.resource.index).toBe(context.resourceIndex);
  expect(item.resource.schemaUrl).toBe(context.resource["schemaUrl"] ?? "");
  expect(item.resource.droppedAttributesCount).toBe(resource["droppedAttributesCount"] ?? 0);
  expectAttributes(item.resource.attributes, resource["attributes"]);
  expect(item.scope.index).toBe(context.scopeIndex);
  expect(item.scope.schemaUrl).toBe(context.scope["schemaUrl"] ?? "");
  expect([item.scope.name, item.scope.version, item.scope.droppedAttributesCount]).toEqual([
    scope["name"] ?? "",
    scope["version"] ?? "",
    scope["droppedAttributesCount"] ?? 0,
  ]);
  expectAttributes(item.scope.attributes, scope["attributes"]);
}

/** Reads the named fields of a view, to compare with those of the data or their defaults. */
function expectFields(view: object, data: Data, defaults: Data): void {
  for (const [name, fallback] of Object.entries(defaults)) {
    expect([name, (view as Data)[name]]).toEqual([name, data[name] ?? fallback]);
  }
}

const reference = (signal: Signal, data: unknown): { bytes: Uint8Array; data: Data } => {
  const bytes = referenceEncode(ROOT_TYPES[signal], data as Data);
  return { bytes, data: referenceDecode(ROOT_TYPES[signal], bytes) };
};

const counts = { droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 };

describe("views against a generated decoder", () => {
  it("reads every field of spans", () => {
    fc.assert(
      fc.property(arbitraryData("traces"), (arbitrary) => {
        const { bytes, data } = reference("traces", arbitrary);
        const items = openBatch("traces", bytes).items();
        for (const [context, span] of contextsOf(data, ["resourceSpans", "scopeSpans", "spans"])) {
          expect(items.next()).toBe(true);
          expectContext(items, context);
          expectAttributes(items.attributes, span["attributes"]);
          const ids = { traceId: "", spanId: "", parentSpanId: "", traceState: "", name: "", flags: 0, kind: 0 };
          expectFields(items, span, { ...ids, ...counts, startTimeUnixNano: 0n, endTimeUnixNano: 0n });
          const status = (span["status"] ?? {}) as Data;
          expect([items.statusCode, items.statusMessage]).toEqual([status["code"] ?? 0, status["message"] ?? ""]);
          expect([...items.events()]).toEqual(list(span["events"]).map(eventOf));
          expect([...items.links()]).toEqual(list(span["links"]).map(linkOf));
          const start = items.startTimeUnixNano;
          const end = items.endTimeUnixNano;
          expect(items.durationMs).toBeCloseTo(start === 0n || end === 0n ? 0 : Number(end - start) / 1e6, 3);
        }
        expect(items.next()).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("reads every field of log records", () => {
    fc.assert(
      fc.property(arbitraryData("logs"), (arbitrary) => {
        const { bytes, data } = reference("logs", arbitrary);
        const items = openBatch("logs", bytes).items();
        for (const [context, record] of contextsOf(data, ["resourceLogs", "scopeLogs", "logRecords"])) {
          expect(items.next()).toBe(true);
          expectContext(items, context);
          expectAttributes(items.attributes, record["attributes"]);
          const texts = { traceId: "", spanId: "", severityText: "", eventName: "" };
          const numbers = { severityNumber: 0, flags: 0, droppedAttributesCount: 0, timeUnixNano: 0n, observedTimeUnixNano: 0n };
          expectFields(items, record, { ...texts, ...numbers });
          expect(items.body).toEqual(valueOf(record["body"] as Data | undefined));
        }
        expect(items.next()).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("reads every field of data points of all metric types", () => {
    fc.assert(
      fc.property(arbitraryData("metrics"), (arbitrary) => {
        const { bytes, data } = reference("metrics", arbitrary);
        const items = openBatch("metrics", bytes).items();
        let index = -1;
        for (const [context, metric] of contextsOf(data, ["resourceMetrics", "scopeMetrics", "metrics"])) {
          index++;
          const type = metricTypes.find(([name]) => name in metric);
          if (type === undefined) continue;
          const body = metric[type[0]] as Data;
          for (const point of list(body["dataPoints"])) {
            expect(items.next()).toBe(true);
            expectContext(items, context);
            expectFields(items.metric, metric, { name: "", description: "", unit: "" });
            expect([items.metric.index, items.metric.type, items.metric.isMonotonic]).toEqual([
              index,
              type[1],
              body["isMonotonic"] ?? false,
            ]);
            const temporality = body["aggregationTemporality"] ?? 0;
            expect(items.metric.temporality).toBe(temporality === 1 || temporality === 2 ? temporality : 0);
            expectAttributes(items.metric.metadata, metric["metadata"]);
            expectAttributes(items.attributes, point["attributes"]);
            expectPoint(items, point);
          }
        }
        expect(items.next()).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

const metricTypes: readonly (readonly [string, string])[] = [
  ["gauge", "gauge"],
  ["sum", "sum"],
  ["histogram", "histogram"],
  ["exponentialHistogram", "exponential_histogram"],
  ["summary", "summary"],
];

function expectPoint(view: object, point: Data): void {
  const read = view as Data & { exemplars(): Iterable<unknown> };
  const none = { sum: undefined, min: undefined, max: undefined, scale: 0, zeroThreshold: 0, flags: 0 };
  expectFields(view, point, { ...none, startTimeUnixNano: 0n, timeUnixNano: 0n });
  expect(read["count"]).toBe(safe((point["count"] ?? 0n) as bigint));
  expect(read["zeroCount"]).toBe(Number(point["zeroCount"] ?? 0));
  expect(read["noRecordedValue"]).toBe((((point["flags"] as number) ?? 0) & 1) === 1);
  const int = point["asInt"] as bigint | undefined;
  expect(read["value"]).toEqual(int === undefined ? point["asDouble"] : safe(int));
  expect(read["valueKind"]).toBe(int === undefined ? ("asDouble" in point ? "double" : undefined) : "int");
  expect(read["bucketCounts"]).toEqual(((point["bucketCounts"] ?? []) as bigint[]).map(Number));
  expect(read["explicitBounds"]).toEqual(point["explicitBounds"] ?? []);
  expect(read["positive"]).toEqual(bucketsOf(point["positive"] as Data));
  expect(read["negative"]).toEqual(bucketsOf(point["negative"] as Data));
  const quantiles = list(point["quantileValues"]).map((each) => ({ quantile: each["quantile"] ?? 0, value: each["value"] ?? 0 }));
  expect(read["quantiles"]).toEqual(quantiles);
  expect([...read.exemplars()]).toEqual(list(point["exemplars"]).map(exemplarOf));
}

const bucketsOf = (buckets: Data | undefined): Data => ({
  offset: buckets?.["offset"] ?? 0,
  bucketCounts: ((buckets?.["bucketCounts"] ?? []) as bigint[]).map(Number),
});

const eventOf = (event: Data): Data => ({
  timeUnixNano: event["timeUnixNano"] ?? 0n,
  name: event["name"] ?? "",
  attributes: attributesOf(event["attributes"]),
  droppedAttributesCount: event["droppedAttributesCount"] ?? 0,
});

const linkOf = (link: Data): Data => ({
  traceId: link["traceId"] ?? "",
  spanId: link["spanId"] ?? "",
  traceState: link["traceState"] ?? "",
  attributes: attributesOf(link["attributes"]),
  droppedAttributesCount: link["droppedAttributesCount"] ?? 0,
  flags: link["flags"] ?? 0,
});

const exemplarOf = (exemplar: Data): Data => ({
  timeUnixNano: exemplar["timeUnixNano"] ?? 0n,
  value: "asInt" in exemplar ? Number(exemplar["asInt"]) : exemplar["asDouble"],
  traceId: exemplar["traceId"] ?? "",
  spanId: exemplar["spanId"] ?? "",
  filteredAttributes: attributesOf(exemplar["filteredAttributes"]),
});

/** Reads everything that can be read and makes new batches of it. */
function exercise(batch: Batch): void {
  const items = batch.items();
  while (items.next()) {
    readAll(items);
    readAll(items.resource);
    readAll(items.scope);
    if ("metric" in items) readAll(items.metric);
  }
  batch.filter((item: { readonly index: number }) => item.index % 2 === 0).encode();
  batch.edit({ item: (item) => item.attributes.rename("a", "b"), resource: (resource) => resource.attributes.set("k", 1) }).encode();
}

function readAll(view: object): void {
  for (let type = Object.getPrototypeOf(view) as object; type !== Object.prototype; type = Object.getPrototypeOf(type) as object) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(type))) {
      if (property.get !== undefined) void (view as Data)[name];
      else if (name === "events" || name === "links" || name === "exemplars") (property.value as () => unknown).call(view);
    }
  }
  const { attributes } = view as { attributes?: AttributesView };
  attributes?.toObject();
  attributes?.get("a");
  attributes?.hash();
}

const plain = { a: "1", n: 2, list: ["x", 1] } as const;
const samples: Readonly<Record<Signal, Batch>> = {
  traces: traces({ resource: { r: "1" }, spans: [{ attributes: plain, events: [{ name: "e" }], status: { code: 2, message: "m" } }, {}] }),
  logs: logs({ resource: { r: "1" }, records: [{ body: "text", attributes: plain, severityText: "INFO" }, {}] }),
  metrics: metrics({
    resource: { r: "1" },
    metrics: [
      { name: "s", sum: [{ value: 1n, attributes: plain }, { value: 2.5 }] },
      { name: "h", histogram: [{ attributes: plain, bucketCounts: [1n, 2n], explicitBounds: [1] }] },
    ],
  }),
};

describe.each(["traces", "logs", "metrics"] as const)("damaged %s", (signal) => {
  const damaged = fc.tuple(arbitraryData(signal), fc.nat(), fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }));

  it("are a WireError or a batch that can be used, never another error", () => {
    let refused = 0;
    fc.assert(
      fc.property(damaged, ([data, cut, cutAgain, flips]) => {
        const { bytes } = reference(signal, data);
        for (const broken of [
          bytes.slice(0, cut % (bytes.length + 1)),
          flip(bytes, flips),
          flip(bytes, flips).slice(cutAgain % (bytes.length + 1)),
        ]) {
          for (const validate of [true, false]) {
            try {
              exercise(openBatch<Signal>(signal, broken, { validate }));
            } catch (error) {
              if (!(error instanceof WireError)) throw error;
              expect(error.offset).toBeGreaterThanOrEqual(0);
              refused++;
            }
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it("are refused or usable when cut at any byte or with any byte changed", () => {
    const bytes = samples[signal].encode();
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const changed = [0x00, 0xff, (bytes[at] ?? 0) ^ 0x80, (bytes[at] ?? 0) ^ 0x07].map((value) => bytes.with(at, value));
      for (const broken of [bytes.slice(0, at), ...changed]) {
        for (const validate of [true, false]) {
          try {
            exercise(openBatch<Signal>(signal, broken, { validate }));
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
            refused++;
          }
        }
      }
    }
    expect(refused).toBeGreaterThan(bytes.length);
  });

  it("read without an error once validated", () => {
    fc.assert(
      fc.property(damaged, ([data, cut, , flips]) => {
        const { bytes } = reference(signal, data);
        for (const broken of [bytes.slice(0, cut % (bytes.length + 1)), flip(bytes, flips)]) {
          let batch: Batch;
          try {
            batch = openBatch<Signal>(signal, broken);
          } catch {
            continue;
          }
          exercise(batch);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function flip(bytes: Uint8Array, flips: readonly (readonly [number, number])[]): Uint8Array {
  const broken = bytes.slice();
  if (broken.length > 0) for (const [at, value] of flips) broken[at % broken.length] = value;
  return broken;
}
