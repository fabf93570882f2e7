import { Part } from "../batch/part.ts";
import type { ArenaRange, Patches } from "../batch/part.ts";
import type { ItemCursor } from "../views/item-cursor.ts";
import type { MessageView } from "../views/message-view.ts";
import { WireWriter } from "../wire/writer.ts";
import type { EditableAttributes } from "./editable-attributes.ts";
import type { ResourceEditRecord, ScopeEditRecord } from "./editors.ts";
import { ItemArena } from "./item-arena.ts";
import type { EditVisitor } from "./types.ts";

/** A cursor whose records can be rewritten. */
export interface EditCursor extends ItemCursor {
  readonly attributes: EditableAttributes;
  readonly resource: ResourceEditRecord;
  readonly scope: ScopeEditRecord;
}

/** The patches of a part while they are made; the cursor reads them through `part`. */
interface Draft {
  readonly part: Part;
  readonly arena: ItemArena;
  readonly items: Int32Array | undefined;
  readonly resources: Map<number, ArenaRange>;
  readonly scopes: Map<number, ArenaRange>;
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
  const draft = new Part(part.segment, part.selected, patches);
  return { part: draft, arena: new ItemArena(draft), items, resources, scopes, changedEnvelopes: false };
}

function finishDraft(part: Part, draft: Draft): Part {
  if (!draft.arena.used && !draft.changedEnvelopes) return part;
  const patches: Patches = { ...draft.part.patches!, items: draft.arena.used ? draft.items : part.patches?.items };
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

function editItem<C extends EditCursor>({ arena, items }: Draft, cursor: C, visitor: EditVisitor<C>): void {
  const { attributes, bytes, start, end, position } = cursor;
  attributes.arena = arena;
  attributes.position = position;
  visitor.item!(cursor);
  if (cursor.bytes === bytes && cursor.start === start) return;
  if (!arena.holds(cursor)) {
    if (sameBytes(bytes, start, end, cursor)) return;
    arena.append(cursor, position, attributes.copier);
  }
  items![2 * position] = cursor.start;
  items![2 * position + 1] = cursor.end;
}

/** Runs `change` and moves the rewritten record to the arena; undefined when its bytes are the same as before. */
function visit(draft: Draft, record: MessageView, attributes: EditableAttributes, change: () => void): ArenaRange | undefined {
  const { bytes, start, end } = record;
  change();
  if (!attributes.rewriter.changed || sameBytes(bytes, start, end, record)) return undefined;
  const { writer } = draft.arena;
  const at = writer.length;
  writer.raw(record.bytes, record.start, record.end);
  return { start: at, end: writer.length };
}

function sameBytes(bytes: Uint8Array, start: number, end: number, record: MessageView): boolean {
  if (end - start !== record.end - record.start) return false;
  for (let i = end - start - 1; i >= 0; i--) if (bytes[start + i] !== record.bytes[record.start + i]) return false;
  return true;
}
