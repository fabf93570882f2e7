import { locateItem } from "../batch/part.ts";
import type { Part } from "../batch/part.ts";
import { END, ITEM_STRIDE, PARENT, START } from "../batch/level.ts";
import { ResourceRecord, ScopeRecord } from "./envelope-views.ts";
import { MessageView } from "./message-view.ts";
import type { FieldWires } from "./message-view.ts";
import { RecordAttributes } from "./record-attributes.ts";
import type { ItemView } from "./types.ts";

/** One view that walks the items of a batch; starts before the first. */
export abstract class ItemCursor extends MessageView implements ItemView {
  index = -1;
  readonly attributes: RecordAttributes;
  /** The part and the position in it at which the cursor stands. */
  part!: Part;
  position = -1;
  /** Row that holds the item: a scope envelope, or metric data. */
  protected parentNode = 0;
  readonly #parts: readonly Part[];
  #nextPart = 0;
  #count = 0;
  #resource: ResourceRecord | undefined;
  #scope: ScopeRecord | undefined;
  #resourceBase = 0;
  #scopeBase = 0;

  constructor(parts: readonly Part[], wires: FieldWires, attributesField: number, path: string) {
    super(wires, path);
    this.#parts = parts;
    this.attributes = this.makeAttributes(attributesField);
  }

  /** Moves to the next item; false after the last. */
  next(): boolean {
    this.position++;
    while (this.position >= this.#count) if (!this.#enterNextPart()) return false;
    this.index++;
    const { part, position } = this;
    const { rows } = part.segment.items;
    const row = part.item(position) * ITEM_STRIDE;
    this.parentNode = rows[row + PARENT]!;
    if (part.patches === undefined) {
      // What locateItem does, with the row at hand.
      this.bytes = part.segment.bytes;
      this.start = rows[row + START]!;
      this.end = rows[row + END]!;
      this.ordered = part.segment.ordered;
    } else {
      locateItem(part, position, this);
      this.ordered = false;
    }
    this.rescan();
    return true;
  }

  get resource(): ResourceRecord {
    const resource = (this.#resource ??= this.makeResource());
    const node = this.resourceNode;
    resource.point(this.part, node, this.#resourceBase + node);
    return resource;
  }

  get scope(): ScopeRecord {
    const scope = (this.#scope ??= this.makeScope());
    const node = this.scopeNode;
    scope.point(this.part, node, this.#scopeBase + node);
    return scope;
  }

  get resourceNode(): number {
    const { scopes } = this.part.segment;
    return scopes.rows[this.scopeNode * scopes.stride + PARENT]!;
  }

  /** Row of the scope envelope of the item. */
  get scopeNode(): number {
    return this.parentNode;
  }

  protected makeAttributes(field: number): RecordAttributes {
    return new RecordAttributes(this, field, this.path);
  }

  protected makeResource(): ResourceRecord {
    return new ResourceRecord();
  }

  protected makeScope(): ScopeRecord {
    return new ScopeRecord();
  }

  /** Called when the cursor leaves a part, before it stands in the next. */
  protected leavePart(part: Part): void {
    this.#resourceBase += part.segment.resources.count;
    this.#scopeBase += part.segment.scopes.count;
  }

  #enterNextPart(): boolean {
    const part = this.#parts[this.#nextPart];
    if (part === undefined) {
      this.position = this.#count;
      return false;
    }
    if (this.#nextPart > 0) this.leavePart(this.part);
    this.#nextPart++;
    this.part = part;
    this.#count = part.count;
    this.position = 0;
    return true;
  }
}
