import { SCHEMA_END, SCHEMA_START } from "../batch/level.ts";
import { locateOwn } from "../batch/part.ts";
import type { Part } from "../batch/part.ts";
import { LEN, VARINT } from "../wire/reader.ts";
import { decodeUtf8 } from "../wire/utf8.ts";
import { MessageView } from "./message-view.ts";
import { fieldWires } from "./message-view.ts";
import type { FieldWires } from "./message-view.ts";
import { RecordAttributes } from "./record-attributes.ts";
import type { AttributesView, ResourceView, ScopeView } from "./types.ts";

/** Resource:  1 attributes repeated KeyValue  2 dropped_attributes_count uint32 */
const resourceWires: FieldWires = /* @__PURE__ */ fieldWires(LEN, VARINT);
/** InstrumentationScope:  1 name  2 version  3 attributes repeated KeyValue  4 dropped_attributes_count uint32 */
const scopeWires: FieldWires = /* @__PURE__ */ fieldWires(LEN, LEN, LEN, VARINT);

/** The Resource or InstrumentationScope of an envelope row. */
abstract class EnvelopeRecord extends MessageView {
  index = -1;
  protected part: Part | undefined;
  protected node = -1;
  readonly #depth: 0 | 1;

  constructor(depth: 0 | 1, wires: FieldWires, path: string) {
    super(wires, path);
    this.#depth = depth;
  }

  /** Moves to row `node` of `part`; `index` is its number within the batch. */
  point(part: Part, node: number, index: number): void {
    if (part === this.part && index === this.index) return;
    this.part = part;
    this.node = node;
    this.index = index;
    this.relocate();
  }

  /** Looks the record up again after it was rewritten. */
  relocate(): void {
    locateOwn(this.part!, this.#depth, this.node, this);
    this.ordered = false;
    this.rescan();
  }

  get schemaUrl(): string {
    const { levels, bytes } = this.part!.segment;
    const level = levels[this.#depth]!;
    const row = this.node * level.stride;
    return decodeUtf8(bytes, level.rows[row + SCHEMA_START]!, level.rows[row + SCHEMA_END]!, `${this.path}.schema_url`);
  }
}

export class ResourceRecord extends EnvelopeRecord implements ResourceView {
  readonly attributes: AttributesView;

  constructor(attributes?: (owner: ResourceRecord) => AttributesView) {
    super(0, resourceWires, "resource");
    this.attributes = attributes?.(this) ?? new RecordAttributes(this, 1, this.path);
  }

  get droppedAttributesCount(): number {
    return this.uint32(2);
  }
}

export class ScopeRecord extends EnvelopeRecord implements ScopeView {
  readonly attributes: AttributesView;

  constructor(attributes?: (owner: ScopeRecord) => AttributesView) {
    super(1, scopeWires, "scope");
    this.attributes = attributes?.(this) ?? new RecordAttributes(this, 3, this.path);
  }

  get name(): string {
    return this.string(1);
  }

  get version(): string {
    return this.string(2);
  }

  get droppedAttributesCount(): number {
    return this.uint32(4);
  }
}
