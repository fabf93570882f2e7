import type { AttributesView, Batch, DataPointView, ItemView, LogRecordView, SpanView } from "@tidemark/otlp";

/** Everything that can be read of each item, as text: what no cut, merge or copy may change. Takes every way to read once. */
export function digest(batch: Batch): string[] {
  const lines: string[] = [];
  if (batch.signal === "traces") for (const items = batch.items(); items.next();) lines.push(text([...envelope(items), ...span(items)]));
  else if (batch.signal === "logs")
    for (const items = batch.items(); items.next();) lines.push(text([...envelope(items), ...record(items)]));
  else for (const items = batch.items(); items.next();) lines.push(text([...envelope(items), ...point(items)]));
  return lines;
}

function envelope({ resource, scope, attributes: own }: ItemView): unknown[] {
  return [
    attributes(resource.attributes),
    resource.droppedAttributesCount,
    resource.schemaUrl,
    scope.name,
    scope.version,
    attributes(scope.attributes),
    scope.droppedAttributesCount,
    scope.schemaUrl,
    attributes(own),
  ];
}

function attributes(view: AttributesView): unknown[] {
  const pairs = [...view.entries()];
  if (pairs.length !== view.size) throw new Error(`${view.size} attributes, of which ${pairs.length} can be read`);
  const seen = new Set<string>();
  for (const [key, value] of pairs) {
    if (!view.has(key)) throw new Error(`has() does not know ${JSON.stringify(key)}`);
    if (!seen.has(key) && text([view.get(key)]) !== text([value])) throw new Error(`get() and entries() differ for ${JSON.stringify(key)}`);
    seen.add(key);
  }
  if (Object.keys(view.toObject()).length !== seen.size) throw new Error("toObject() has other keys than entries()");
  if (!Number.isSafeInteger(view.hash())) throw new Error("hash() is no safe integer");
  return pairs;
}

function span(item: SpanView): unknown[] {
  return [
    [item.traceId, item.spanId, item.parentSpanId, item.traceIdBytes, item.spanIdBytes, item.traceIdHigh28, item.traceIdLow28],
    [item.traceState, item.flags, item.name, item.kind, item.startTimeUnixNano, item.endTimeUnixNano, item.durationMs],
    [item.statusCode, item.statusMessage, item.droppedAttributesCount, item.droppedEventsCount, item.droppedLinksCount],
    [...item.events()],
    [...item.links()],
  ];
}

function record(item: LogRecordView): unknown[] {
  return [
    [item.timeUnixNano, item.observedTimeUnixNano, item.severityNumber, item.severityText, item.body, item.eventName],
    [item.traceId, item.spanId, item.traceIdBytes, item.spanIdBytes, item.traceIdHigh28, item.traceIdLow28],
    [item.flags, item.droppedAttributesCount],
  ];
}

function point(item: DataPointView): unknown[] {
  const { metric } = item;
  if (!Number.isSafeInteger(item.seriesIdentity)) throw new Error("seriesIdentity is no safe integer");
  return [
    [metric.name, metric.description, metric.unit, metric.type, metric.temporality, metric.isMonotonic, attributes(metric.metadata)],
    [item.startTimeUnixNano, item.timeUnixNano, item.flags, item.noRecordedValue, item.value, item.valueKind],
    // A summary's sum cannot be absent on the wire, only 0 there.
    [item.count, metric.type === "summary" ? (item.sum ?? 0) : item.sum, item.min, item.max, item.bucketCounts, item.explicitBounds],
    [item.scale, item.zeroCount, item.zeroThreshold, item.positive, item.negative, item.quantiles],
    [...item.exemplars()],
  ];
}

/** JSON with what JSON has no form for. */
function text(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string) {
    // As it is: what `JSON.stringify` hands over has been through `toJSON`.
    const each = this[key];
    if (typeof each === "bigint") return `${each}n`;
    if (typeof each === "number" && (!Number.isFinite(each) || Object.is(each, -0))) return `number ${Object.is(each, -0) ? "-0" : each}`;
    if (each instanceof Uint8Array) return `bytes ${Buffer.from(each).toString("hex")}`;
    return each === undefined ? "undefined" : each;
  });
}
