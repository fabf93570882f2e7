import fc from "fast-check";
import type { Signal } from "../schema/index.ts";
import { WireWriter } from "../wire/writer.ts";

// A request as a tree of raw field bytes and sub-messages: the naive model of what a batch does to its bytes.

/** A length-delimited field. `item`: a span, log record or data point; `own`: the Resource or scope of its envelope. */
interface Message {
  readonly field: number;
  readonly parts: readonly (Uint8Array | Message)[];
  readonly kind: "envelope" | "item" | "own";
}

export type Tree = readonly (Uint8Array | Message)[];

export function encodeTree(parts: Tree): Uint8Array {
  const writer = new WireWriter();
  for (const part of parts) {
    if (part instanceof Uint8Array) writer.raw(part);
    else writer.bytesField(part.field, encodeTree(part.parts));
  }
  return writer.finish();
}

/** Keeps the items whose number (in wire order) is in `kept`, and the envelopes around them. */
export function keepItems(tree: Tree, kept: (index: number) => boolean): Tree {
  let index = 0;
  const keep = (parts: Tree): Tree =>
    parts.flatMap((part): Tree => {
      if (part instanceof Uint8Array || part.kind === "own") return [part];
      if (part.kind === "item") return kept(index++) ? [part] : [];
      const inner = keep(part.parts);
      return countItems(inner) === 0 ? [] : [{ ...part, parts: inner }];
    });
  return keep(tree);
}

export function countItems(tree: Tree): number {
  let count = 0;
  for (const part of tree) if (!(part instanceof Uint8Array)) count += part.kind === "item" ? 1 : countItems(part.parts);
  return count;
}

/** Appends bytes to the items whose number is in `chosen`. */
export function appendToItems(tree: Tree, chosen: (index: number) => boolean, bytes: Uint8Array): Tree {
  let index = 0;
  const append = (parts: Tree): Tree =>
    parts.map((part) => {
      if (part instanceof Uint8Array || part.kind === "own") return part;
      if (part.kind === "envelope") return { ...part, parts: append(part.parts) };
      return chosen(index++) ? { ...part, parts: [...part.parts, bytes] } : part;
    });
  return append(tree);
}

/** Appends bytes to the Resource of every envelope at the top; it moves to the front, and is made where there was none. */
export function appendToResources(tree: Tree, bytes: Uint8Array): Tree {
  return tree.map((part) => (part instanceof Uint8Array ? part : { ...part, parts: withOwn(part.parts, bytes) }));
}

/** The same for scopes. */
export function appendToScopes(tree: Tree, bytes: Uint8Array): Tree {
  return tree.map((part) => (part instanceof Uint8Array ? part : { ...part, parts: part.parts.map((inner) => scopeOf(inner, bytes)) }));
}

function scopeOf(part: Uint8Array | Message, bytes: Uint8Array): Uint8Array | Message {
  return part instanceof Uint8Array || part.kind !== "envelope" ? part : { ...part, parts: withOwn(part.parts, bytes) };
}

function withOwn(parts: Tree, bytes: Uint8Array): Tree {
  const own = parts.filter((part) => isOwn(part)).at(-1) as Message | undefined;
  return [{ field: 1, kind: "own", parts: [...(own?.parts ?? []), bytes] }, ...parts.filter((part) => !isOwn(part))];
}

function isOwn(part: Uint8Array | Message): boolean {
  return !(part instanceof Uint8Array) && part.kind === "own";
}

/** A KeyValue field with a string value. */
export function attribute(field: number, key: string, value: string): Uint8Array {
  const writer = new WireWriter();
  writer.message(field, (pair) => {
    pair.stringField(1, key);
    pair.message(2, (content) => content.stringField(1, value));
  });
  return writer.finish();
}

/** Number of the attributes field in the items of `arbitraryTree`. */
export const attributesField: Readonly<Record<Signal, number>> = { traces: 9, logs: 6, metrics: 7 };

/** Requests with unknown fields at every level, missing and repeated resources, and empty envelopes. */
export function arbitraryTree(signal: Signal): fc.Arbitrary<Tree> {
  const attributes = (field: number): fc.Arbitrary<Tree> =>
    fc.array(fc.tuple(fc.constantFrom("a", "bb", "room.id"), fc.string({ maxLength: 200 })), { maxLength: 3 }).map((pairs) =>
      pairs.map(([key, value]) => attribute(field, key, value)),
    );
  const own = (field: number): fc.Arbitrary<Message[]> =>
    fc.array(mixed(attributes(field)).map((parts): Message => ({ field: 1, kind: "own", parts })), { maxLength: 2 });
  const envelope = (field: number, before: fc.Arbitrary<Tree>, children: fc.Arbitrary<Message>): fc.Arbitrary<Message> =>
    fc
      .tuple(before, mixed(fc.array(children, { maxLength: 4 })), unknowns)
      .map(([first, parts, last]): Message => ({ field, kind: "envelope", parts: [...first, ...parts, ...last] }));
  const item = mixed(attributes(attributesField[signal])).map((parts): Message => ({ field: signal === "metrics" ? 1 : 2, kind: "item", parts }));
  const none = fc.constant<Tree>([]);
  const leaf = signal === "metrics" ? fc.constantFrom(5, 7).chain((field) => envelope(2, unknowns, envelope(field, none, item)).map(oneData)) : item;
  const scope = envelope(2, own(3), leaf);
  return mixed(fc.array(envelope(1, own(1), scope), { maxLength: 4 }));
}

/** A metric has one data field. */
function oneData(metric: Message): Message {
  const first = metric.parts.find((part) => !(part instanceof Uint8Array));
  return { ...metric, parts: metric.parts.filter((part) => part instanceof Uint8Array || part === first) };
}

const unknowns: fc.Arbitrary<Uint8Array[]> = fc.array(fc.tuple(fc.integer({ min: 100, max: 70_000 }), fc.string({ maxLength: 300 })), { maxLength: 1 }).map((fields) =>
  fields.map(([field, text]) => {
    const writer = new WireWriter();
    if (text.length % 2 === 0) writer.stringField(field, text);
    else writer.fixed64Field(field, text.length);
    return writer.finish();
  }),
);

/** Puts unknown fields between the parts. */
function mixed(parts: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> {
  return fc.tuple(parts, unknowns, fc.nat()).map(([known, unknown, at]) => {
    const position = at % (known.length + 1);
    return [...known.slice(0, position), ...unknown, ...known.slice(position)];
  });
}
