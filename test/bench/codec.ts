// The codec against full decoding and encoding of the same bytes by protobufjs and @bufbuild/protobuf, all in one run and by
// turns.   npm run bench codec [-- --rounds 7]
import { parseArgs } from "node:util";
import { AttributeKey, openBatch, type Batch, type DataPointView, type LogRecordView, type SpanView } from "@tidemark/otlp";
import { seededRandom } from "@tidemark/core/testing";
import { buildRequest, type Signal } from "../lib/payload.ts";
import { compareByTurns, type Contestant } from "../lib/compare-by-turns.ts";
import { referenceCodecs } from "../lib/reference-codecs.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" } } });

const ITEMS = 100;
const SEED = 1;
const ROOM = new AttributeKey("room_id");
const REGION = new AttributeKey("chat.region");

interface Payload {
  readonly title: string;
  readonly signal: Signal;
  readonly itemBytes: number;
}

const PAYLOADS: readonly Payload[] = [
  { title: "spans of about 388 bytes", signal: "traces", itemBytes: 350 },
  { title: "spans of about 700 bytes", signal: "traces", itemBytes: 650 },
  { title: "log records", signal: "logs", itemBytes: 0 },
  { title: "data points", signal: "metrics", itemBytes: 0 },
];

/** Every `what` is at least this many times as fast as `than`, by whichever codec is faster at it. */
const TARGETS = [
  { what: "find one attribute", than: "decode", times: 20 },
  { what: "filter half, encode", than: "decode, encode", times: 10 },
] as const;

/** Reads every field of an item that costs no allocation of its own accord, and sums them up so that no read can be left out. */
function walkSpan(span: SpanView): number {
  return (
    span.traceIdLow28 +
    span.spanIdBytes.length +
    span.parentSpanId.length +
    span.traceState.length +
    span.flags +
    span.name.length +
    span.kind +
    span.durationMs +
    span.statusCode +
    span.statusMessage.length +
    span.droppedAttributesCount +
    span.attributes.size
  );
}

function walkLog(log: LogRecordView): number {
  return (
    Number(log.timeUnixNano) +
    Number(log.observedTimeUnixNano) +
    log.severityNumber +
    log.severityText.length +
    (typeof log.body === "string" ? log.body.length : 0) +
    log.eventName.length +
    log.traceIdLow28 +
    log.spanIdBytes.length +
    log.flags +
    log.attributes.size
  );
}

function walkPoint(point: DataPointView): number {
  return (
    point.metric.name.length +
    point.metric.unit.length +
    Number(point.startTimeUnixNano) +
    Number(point.timeUnixNano) +
    point.flags +
    Number(point.value ?? 0) +
    point.attributes.size
  );
}

function walk(batch: Batch): number {
  let sum = 0;
  if (batch.signal === "traces") for (const items = batch.items(); items.next();) sum += walkSpan(items);
  else if (batch.signal === "logs") for (const items = batch.items(); items.next();) sum += walkLog(items);
  else for (const items = batch.items(); items.next();) sum += walkPoint(items);
  return sum;
}

function find(batch: Batch): number {
  let found = 0;
  for (const items = batch.items(); items.next();) if (items.attributes.get(ROOM) !== undefined) found += 1;
  return found;
}

function filterHalf(batch: Batch): Batch {
  const keep = (item: { readonly index: number }): boolean => (item.index & 1) === 0;
  return batch.filter(keep);
}

function edited(batch: Batch): Batch {
  const item = (editor: { readonly attributes: { set(key: AttributeKey, value: string): void } }): void =>
    editor.attributes.set(REGION, "eu-west");
  return batch.edit({ item });
}

function contestants(payload: Payload, bytes: Uint8Array): Contestant[] {
  const open = (): Batch => openBatch(payload.signal, bytes, { validate: false });
  const ours: Record<string, () => number> = {
    index: () => open().itemCount,
    "validate, index": () => openBatch(payload.signal, bytes).itemCount,
    "walk all fields": () => walk(open()),
    "find one attribute": () => find(open()),
    "validate, find one": () => find(openBatch(payload.signal, bytes)),
    "filter half, encode": () => filterHalf(open()).encode().length,
    "validate, filter, encode": () => filterHalf(openBatch(payload.signal, bytes)).encode().length,
    "set one attribute, encode": () => edited(open()).encode().length,
    toObject: () => Object.keys(open().toObject()).length,
  };
  const theirs = referenceCodecs(payload.signal).flatMap(({ name, decode, encode }): Contestant[] => [
    { system: name, what: "decode", run: () => (decode(bytes) === null ? 0 : 1) },
    { system: name, what: "decode, encode", run: () => encode(decode(bytes)).length },
  ]);
  return [...Object.entries(ours).map(([what, run]) => ({ system: "tidemark", what, run })), ...theirs];
}

let fallsShort = 0;
for (const payload of PAYLOADS) {
  const bytes = new Uint8Array(buildRequest({ ...payload, items: ITEMS, random: seededRandom(SEED) }));
  console.log(`\n${ITEMS} ${payload.title}, ${bytes.length} bytes`);
  const results = compareByTurns(contestants(payload, bytes), Number(values.rounds));
  const nanos = (what: string): number => Math.min(...results.filter((result) => result.what === what).map((result) => result.nanos));
  for (const { system, what, nanos: each } of results) {
    const rate = `${((ITEMS / each) * 1000).toFixed(2).padStart(8)} M items/s`;
    const against = `decode ×${(nanos("decode") / each).toFixed(1).padStart(6)}   decode+encode ×${(nanos("decode, encode") / each).toFixed(1).padStart(6)}`;
    console.log(`  ${system.padEnd(20)} ${what.padEnd(26)} ${rate}   ${against}`);
  }
  for (const { what, than, times } of TARGETS) {
    const ratio = nanos(than) / nanos(what);
    if (ratio < times) fallsShort += 1;
    console.log(`  ${what} against ${than}: ×${ratio.toFixed(1)}, target ×${times}: ${ratio >= times ? "PASS" : "FALLS SHORT"}`);
  }
}
console.log(
  `\nRatios are to the faster of the two reference codecs. ${fallsShort === 0 ? "All targets are met." : `${fallsShort} targets are missed.`}`,
);
