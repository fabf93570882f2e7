import { Part } from "../batch/part.ts";
import type { ArenaRange, Patches } from "../batch/part.ts";
import { ItemCursor } from "../views/item-cursor.ts";
import type { Signal } from "../schema/index.ts";
import { LEN } from "../wire/reader.ts";
import type { MessageView } from "../views/message-view.ts";
import { WireWriter } from "../wire/writer.ts";
import type { EditableAttributes } from "./editable-attributes.ts";
import type { ResourceEditRecord, ScopeEditRecord } from "./editors.ts";
import type { EditVisitor } from "./types.ts";

/** Tag of one byte, and a length; room for a little more, as the writer asks for it. */
const longestHeader = 12;

/** A cursor whose records can be rewritten. */
export interface EditCursor extends ItemCursor {
  readonly attributes: EditableAttributes;
  readonly resource: ResourceEditRecord;
  readonly scope: ScopeEditRecord;
}

/** The patches of a part while they are made; the cursor reads them through `part`. */
interface Draft {
  readonly part: Part;
  readonly items: Int32Array | undefined;
  readonly resources: Map<number, ArenaRange>;
  readonly scopes: Map<number, ArenaRange>;
  /** What was rewritten in this edit. */
  changedItems: number;
  changedEnvelopes: boolean;
}

/** Lets the visitor rewrite records; parts in which nothing changed stay the same objects. */
export function editParts<C extends EditCursor>(
  parts: readonly Part[],
  makeCursor: (parts: readonly Part[]) => C,
  visitor: EditVisitor<C>,
): Part[] {
  const drafts = parts.map((part) => draftOf(part, visitor.item !== undefined));
  const cursor = makeCursor(drafts.map((draft) => draft.part));
  const needsItems = visitor.item !== undefined;
  const needsEnvelopes = visitor.resource !== undefined || visitor.scope !== undefined;
  let at = 0;
  let resource = -1;
  let scope = -1;
  while (cursor.next()) {
    if (drafts[at]!.part !== cursor.part) {
      at = drafts.findIndex((draft, i) => i > at && draft.part === cursor.part);
      resource = -1;
      scope = -1;
    }
    const draft = drafts[at]!;
    if (needsEnvelopes && cursor.scopeNode !== scope) {
      scope = cursor.scopeNode;
      if (cursor.resourceNode !== resource) {
        resource = cursor.resourceNode;
        editResource(draft, cursor, resource, visitor);
      }
      editScope(draft, cursor, scope, visitor);
    }
    if (needsItems) editItem(draft, cursor, visitor);
  }
  return parts.map((part, i) => finishDraft(part, drafts[i]!));
}

function draftOf(part: Part, withItems: boolean): Draft {
  const old = part.patches;
  const items = withItems ? (old?.items?.slice() ?? new Int32Array(2 * part.count).fill(-1)) : old?.items;
  const resources = new Map(old?.resources);
  const scopes = new Map(old?.scopes);
  const patches: Patches = { arena: old?.arena ?? new WireWriter(0), items, resources, scopes };
  return { part: new Part(part.segment, part.selected, patches), items, resources, scopes, changedItems: 0, changedEnvelopes: false };
}

function finishDraft(part: Part, draft: Draft): Part {
  if (draft.changedItems === 0 && !draft.changedEnvelopes) return part;
  const patches: Patches = { ...draft.part.patches!, items: draft.changedItems > 0 ? draft.items : part.patches?.items };
  return new Part(part.segment, part.selected, patches);
}

function editResource<C extends EditCursor>(draft: Draft, cursor: C, node: number, visitor: EditVisitor<C>): void {
  if (visitor.resource === undefined) return;
  const record = cursor.resource;
  const range = visit(draft, record, record.attributes, () => visitor.resource!(record));
  if (range === undefined) return;
  draft.resources.set(node, range);
  draft.changedEnvelopes = true;
  record.relocate();
}

function editScope<C extends EditCursor>(draft: Draft, cursor: C, node: number, visitor: EditVisitor<C>): void {
  if (visitor.scope === undefined) return;
  const record = cursor.scope;
  const range = visit(draft, record, record.attributes, () => visitor.scope!(record));
  if (range === undefined) return;
  draft.scopes.set(node, range);
  draft.changedEnvelopes = true;
  record.relocate();
}

function editItem<C extends EditCursor>(draft: Draft, cursor: C, visitor: EditVisitor<C>): void {
  const range = visit(draft, cursor, cursor.attributes, () => visitor.item!(cursor), itemField(draft.part.segment.signal));
  if (range === undefined) return;
  draft.items![2 * cursor.position] = range.start;
  draft.items![2 * cursor.position + 1] = range.end;
  draft.changedItems++;
}

/** Field number of data points in their metric data, of other items in Scope*. */
function itemField(signal: Signal): number {
  return signal === "metrics" ? 1 : 2;
}

/**
 * Runs `change` and moves the rewritten record to the arena, with the header of the field `frame` before it when that is given.
 * Undefined when its bytes are the same as before.
 */
function visit(
  draft: Draft,
  record: MessageView,
  attributes: EditableAttributes,
  change: () => void,
  frame?: number,
): ArenaRange | undefined {
  const { bytes, start, end } = record;
  change();
  if (!attributes.rewriter.changed || sameBytes(bytes, start, end, record)) return undefined;
  const { arena } = draft.part.patches!;
  if (arena.length + longestHeader + record.end - record.start > arena.bytes.length) arena.reserve(expectedBytes(draft, record));
  if (frame !== undefined) {
    arena.tag(frame, LEN);
    arena.varint32(record.end - record.start);
  }
  const at = arena.length;
  arena.raw(record.bytes, record.start, record.end);
  return { start: at, end: arena.length };
}

/** Bytes that the rest of the part may need if its items change as often as those so far; growing in steps would copy more. */
function expectedBytes(draft: Draft, record: MessageView): number {
  const seen = record instanceof ItemCursor ? record.position + 1 : draft.part.count;
  const rate = (draft.changedItems + 1) / seen;
  return Math.ceil((record.end - record.start + longestHeader) * Math.max(1, rate * (draft.part.count - seen + 1)) * 1.1);
}

function sameBytes(bytes: Uint8Array, start: number, end: number, record: MessageView): boolean {
  if (end - start !== record.end - record.start) return false;
  for (let i = end - start - 1; i >= 0; i--) if (bytes[start + i] !== record.bytes[record.start + i]) return false;
  return true;
}
