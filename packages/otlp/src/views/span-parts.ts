import { FIXED32, FIXED64, LEN, VARINT } from "../wire/reader.ts";
import { fieldWires } from "./message-view.ts";
import type { FieldWires } from "./message-view.ts";
import { NestedRecord } from "./nested-record.ts";
import { RecordAttributes } from "./record-attributes.ts";
import type { SpanEvent, SpanLink } from "./types.ts";

/** Span.Event:  1 time_unix_nano fixed64  2 name  3 attributes repeated KeyValue  4 dropped_attributes_count uint32 */
const eventWires: FieldWires = /* @__PURE__ */ fieldWires(FIXED64, LEN, LEN, VARINT);

export class EventRecord extends NestedRecord<SpanEvent> {
  readonly #attributes: RecordAttributes;

  constructor() {
    super(eventWires, "spans.events");
    this.#attributes = new RecordAttributes(this, 3, this.path);
  }

  override decode(): SpanEvent {
    return {
      timeUnixNano: this.fixed64(1),
      name: this.string(2),
      attributes: this.#attributes.toObject(),
      droppedAttributesCount: this.uint32(4),
    };
  }
}

/**
 * Span.Link:  1 trace_id bytes  2 span_id bytes  3 trace_state  4 attributes repeated KeyValue
 *             5 dropped_attributes_count uint32  6 flags fixed32
 */
const linkWires: FieldWires = /* @__PURE__ */ fieldWires(LEN, LEN, LEN, LEN, VARINT, FIXED32);

export class LinkRecord extends NestedRecord<SpanLink> {
  readonly #attributes: RecordAttributes;

  constructor() {
    super(linkWires, "spans.links");
    this.#attributes = new RecordAttributes(this, 4, this.path);
  }

  override decode(): SpanLink {
    return {
      traceId: this.hexOf(1),
      spanId: this.hexOf(2),
      traceState: this.string(3),
      attributes: this.#attributes.toObject(),
      droppedAttributesCount: this.uint32(5),
      flags: this.fixed32(6),
    };
  }
}

/** Status:  2 message  3 code enum */
const statusWires: FieldWires = /* @__PURE__ */ fieldWires(-1, LEN, VARINT);

export class StatusRecord extends NestedRecord<{ readonly code: number; readonly message: string }> {
  constructor() {
    super(statusWires, "spans.status");
  }

  get message(): string {
    return this.string(2);
  }

  get code(): number {
    return this.int32(3);
  }

  override decode(): { readonly code: number; readonly message: string } {
    return { code: this.code, message: this.message };
  }
}
