import { attribute, double, fixed64, length, varint, type Field } from "./protobuf.ts";

export type Signal = "traces" | "metrics" | "logs";

/** What a request body looks like. */
export interface PayloadShape {
  readonly signal: Signal;
  readonly items: number;
  /** More attributes on each item, beyond the usual ones, until it has about this many bytes. */
  readonly itemBytes?: number;
  readonly random: () => number;
}

/** Every item carries this attribute: sender and sequence number, in text of fixed width so that it can be overwritten in place. */
export const ITEM_ID = "load.id";
const ID_LENGTH = 17;
const PLACEHOLDER = `${"0".repeat(8)}-${"0".repeat(8)}`;
/** KeyValue { key: "load.id" } */
const ID_KEY: Buffer = Buffer.from([0x0a, ITEM_ID.length, ...Buffer.from(ITEM_ID)]);
/** KeyValue { value: { string_value: …17 bytes } }, up to those bytes. */
const ID_VALUE: Buffer = Buffer.from([0x12, ID_LENGTH + 2, 0x0a, ID_LENGTH]);

const START_NANO = 1_750_000_000_000_000_000n;

/** Builds an export request with placeholder item ids. */
export function buildRequest(shape: PayloadShape): Buffer {
  const resource = length(1, [
    attribute(1, "service.name", "chat-gateway"),
    attribute(1, "service.version", "7.3.1"),
    attribute(1, "deployment.environment.name", "production"),
    attribute(1, "host.name", "gateway-3.eu-west.example"),
  ]);
  const scope = length(1, [length(1, "chat/transport"), length(2, "1.4.0")]);
  const items = Array.from({ length: shape.items }, (_, index) => item(shape, index));
  const group =
    shape.signal === "metrics" ? [scope, ...items.map((point) => metric(point))] : [scope, ...items.map((one) => length(2, one))];
  return Buffer.from(length(1, [resource, length(2, group)]));
}

/** Where the item ids of a request stand. A key may come before its value or, as the Go Collector writes it, after it. */
export function idOffsets(request: Buffer): number[] {
  const offsets: number[] = [];
  for (let key = request.indexOf(ID_KEY); key >= 0; key = request.indexOf(ID_KEY, key + 1)) {
    const after = key + ID_KEY.length;
    const before = key - ID_LENGTH - ID_VALUE.length;
    if (hasValue(request, after)) offsets.push(after + ID_VALUE.length);
    else if (hasValue(request, before)) offsets.push(before + ID_VALUE.length);
  }
  return offsets;
}

function hasValue(request: Buffer, at: number): boolean {
  return at >= 0 && request.subarray(at, at + ID_VALUE.length).equals(ID_VALUE);
}

/** Overwrites an item id: eight hex digits of the sender, eight of the sequence number. */
export function writeId(request: Buffer, offset: number, sender: number, sequence: number): void {
  request.write(`${hex(sender)}-${hex(sequence)}`, offset, ID_LENGTH, "latin1");
}

/** Reads an item id that `writeId` wrote. */
export function readId(request: Buffer, offset: number): { readonly sender: number; readonly sequence: number } {
  const id = request.toString("latin1", offset, offset + ID_LENGTH);
  return { sender: Number.parseInt(id.slice(0, 8), 16), sequence: Number.parseInt(id.slice(9), 16) };
}

function item(shape: PayloadShape, index: number): readonly Field[] {
  const { signal, random, itemBytes = 0 } = shape;
  const time = START_NANO + BigInt(index) * 1_000_000n;
  const fields = { traces: span, logs: logRecord, metrics: dataPoint }[signal](time, random);
  const attributes = { traces: 9, logs: 6, metrics: 7 }[signal];
  const usual = [
    attribute(attributes, ITEM_ID, PLACEHOLDER),
    attribute(attributes, "room_id", `room-${Math.floor(random() * 500)}`),
    attribute(attributes, "user_agent", "ChatWeb/7.3 (Firefox 142; Linux x86_64)"),
    attribute(attributes, "chat.message.size", Math.floor(random() * 4096)),
    attribute(attributes, "network.protocol.name", "websocket"),
    attribute(attributes, "server.address", `10.0.${index % 16}.${Math.floor(random() * 250)}`),
  ];
  const all = [...fields, ...usual];
  for (let extra = 0; size(all) < itemBytes; extra += 1) all.push(attribute(attributes, `chat.hop.${extra}.detail`, randomHex(random, 24)));
  return all;
}

/** trace.v1.Span */
function span(time: bigint, random: () => number): readonly Field[] {
  return [
    length(1, randomBytes(random, 16)),
    length(2, randomBytes(random, 8)),
    length(4, randomBytes(random, 8)),
    length(5, "chat.message.deliver"),
    varint(6, 2),
    fixed64(7, time),
    fixed64(8, time + BigInt(Math.floor(random() * 50_000_000))),
  ];
}

/** logs.v1.LogRecord */
function logRecord(time: bigint, random: () => number): readonly Field[] {
  return [
    fixed64(1, time),
    varint(2, 9),
    length(3, "INFO"),
    length(5, [length(1, `message delivered in ${Math.floor(random() * 50)} ms`)]),
    length(9, randomBytes(random, 16)),
    length(10, randomBytes(random, 8)),
    fixed64(11, time),
  ];
}

/** metrics.v1.NumberDataPoint */
function dataPoint(time: bigint, random: () => number): readonly Field[] {
  return [fixed64(2, START_NANO), fixed64(3, time), double(4, random() * 100)];
}

/** metrics.v1.Metric with one gauge point, as field 2 of ScopeMetrics */
function metric(point: readonly Field[]): Field {
  return length(2, [length(1, "chat.queue.depth"), length(3, "{message}"), length(5, [length(1, point)])]);
}

function size(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + field.length, 0);
}

function randomBytes(random: () => number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
}

function randomHex(random: () => number, digits: number): string {
  return Buffer.from(randomBytes(random, digits / 2)).toString("hex");
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
