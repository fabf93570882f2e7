import type { Part } from "../batch/part.ts";
import { FIXED32, FIXED64, LEN, VARINT } from "../wire/reader.ts";
import { decodeAnyValue } from "./any-value.ts";
import { ItemCursor } from "./item-cursor.ts";
import { high28, low28 } from "./message-view.ts";
import { fieldWires } from "./message-view.ts";
import type { FieldWires } from "./message-view.ts";
import type { AttributeValue, LogRecordView } from "./types.ts";

/*
 * LogRecord:  1 time_unix_nano fixed64  2 severity_number enum  3 severity_text  5 body AnyValue  6 attributes repeated KeyValue
 *             7 dropped_attributes_count uint32  8 flags fixed32  9 trace_id bytes  10 span_id bytes
 *             11 observed_time_unix_nano fixed64  12 event_name
 */
const logWires: FieldWires = /* @__PURE__ */ fieldWires(FIXED64, VARINT, LEN, -1, LEN, LEN, VARINT, FIXED32, LEN, LEN, FIXED64, LEN);

export class LogCursor extends ItemCursor implements LogRecordView {
  constructor(parts: readonly Part[]) {
    super(parts, logWires, 6, "log_records");
  }

  get timeUnixNano(): bigint {
    return this.fixed64(1);
  }

  get observedTimeUnixNano(): bigint {
    return this.fixed64(11);
  }

  get severityNumber(): number {
    return this.int32(2);
  }

  get severityText(): string {
    return this.string(3);
  }

  get body(): AttributeValue {
    const reader = this.at(5);
    if (reader === undefined) return null;
    const length = reader.length();
    return decodeAnyValue(reader, reader.pos + length);
  }

  get eventName(): string {
    return this.string(12);
  }

  get traceId(): string {
    return this.hexOf(9);
  }

  get spanId(): string {
    return this.hexOf(10);
  }

  get traceIdBytes(): Uint8Array {
    return this.bytesOf(9);
  }

  get spanIdBytes(): Uint8Array {
    return this.bytesOf(10);
  }

  copyTraceId(target: Uint8Array): boolean {
    return this.copyId(9, target);
  }

  get traceIdHigh28(): number {
    const at = this.randomBytesOf(9);
    return at === 0 ? 0 : high28(this.bytes, at);
  }

  get traceIdLow28(): number {
    const at = this.randomBytesOf(9);
    return at === 0 ? 0 : low28(this.bytes, at);
  }

  get flags(): number {
    return this.fixed32(8);
  }

  get droppedAttributesCount(): number {
    return this.uint32(7);
  }
}
