import type { Part } from "../batch/part.ts";
import { FIXED32, FIXED64, LEN, VARINT } from "../wire/reader.ts";
import { ItemCursor } from "./item-cursor.ts";
import { high28, low28 } from "./message-view.ts";
import { fieldWires } from "./message-view.ts";
import type { FieldWires } from "./message-view.ts";
import { EventRecord, LinkRecord, StatusRecord } from "./span-parts.ts";
import type { SpanEvent, SpanLink, SpanView } from "./types.ts";

/*
 * Span:  1 trace_id bytes  2 span_id bytes  3 trace_state  4 parent_span_id bytes  5 name  6 kind enum
 *        7 start_time_unix_nano fixed64  8 end_time_unix_nano fixed64  9 attributes repeated KeyValue
 *        10 dropped_attributes_count uint32  11 events repeated Event  12 dropped_events_count uint32
 *        13 links repeated Link  14 dropped_links_count uint32  15 status Status  16 flags fixed32
 * Status:  2 message  3 code enum
 */
const spanWires: FieldWires = /* @__PURE__ */ fieldWires(
  LEN,
  LEN,
  LEN,
  LEN,
  LEN,
  VARINT,
  FIXED64,
  FIXED64,
  LEN,
  VARINT,
  LEN,
  VARINT,
  LEN,
  VARINT,
  LEN,
  FIXED32,
);
const EVENTS = 11;
const LINKS = 13;

export class SpanCursor extends ItemCursor implements SpanView {
  #status: StatusRecord | undefined;

  constructor(parts: readonly Part[]) {
    super(parts, spanWires, 9, "spans");
  }

  get traceId(): string {
    return this.hexOf(1);
  }

  get spanId(): string {
    return this.hexOf(2);
  }

  get parentSpanId(): string {
    return this.hexOf(4);
  }

  get traceIdBytes(): Uint8Array {
    return this.bytesOf(1);
  }

  get spanIdBytes(): Uint8Array {
    return this.bytesOf(2);
  }

  copyTraceId(target: Uint8Array): boolean {
    return this.copyId(1, target);
  }

  get traceIdHigh28(): number {
    const at = this.randomBytesOf(1);
    return at === 0 ? 0 : high28(this.bytes, at);
  }

  get traceIdLow28(): number {
    const at = this.randomBytesOf(1);
    return at === 0 ? 0 : low28(this.bytes, at);
  }

  get traceState(): string {
    return this.string(3);
  }

  get flags(): number {
    return this.fixed32(16);
  }

  get name(): string {
    return this.string(5);
  }

  get kind(): number {
    return this.int32(6);
  }

  get startTimeUnixNano(): bigint {
    return this.fixed64(7);
  }

  get endTimeUnixNano(): bigint {
    return this.fixed64(8);
  }

  get durationMs(): number {
    const reader = this.at(7);
    if (reader === undefined) return 0;
    reader.fixed64Parts();
    const { low, high } = reader;
    if (this.at(8) === undefined || (low === 0 && high === 0)) return 0;
    reader.fixed64Parts();
    if (reader.low === 0 && reader.high === 0) return 0;
    return ((reader.high - high) * 2 ** 32 + (reader.low - low)) / 1e6;
  }

  get statusCode(): number {
    return this.#statusRecord()?.code ?? 0;
  }

  get statusMessage(): string {
    return this.#statusRecord()?.message ?? "";
  }

  get droppedAttributesCount(): number {
    return this.uint32(10);
  }

  get droppedEventsCount(): number {
    return this.uint32(12);
  }

  get droppedLinksCount(): number {
    return this.uint32(14);
  }

  events(): Iterable<SpanEvent> {
    return new EventRecord().decodeEach(this, EVENTS);
  }

  links(): Iterable<SpanLink> {
    return new LinkRecord().decodeEach(this, LINKS);
  }

  #statusRecord(): StatusRecord | undefined {
    const reader = this.at(15);
    if (reader === undefined) return undefined;
    const length = reader.length();
    return (this.#status ??= new StatusRecord()).moveTo(this.bytes, reader.pos, reader.pos + length);
  }
}
