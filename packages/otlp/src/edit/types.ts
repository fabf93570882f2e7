import type {
  AttributeKeyLike,
  AttributesView,
  AttributeValue,
  DataPointView,
  LogRecordView,
  ResourceView,
  ScopeView,
  SpanView,
} from "../views/types.ts";
import type { AttributeProgram } from "./attribute-program.ts";
import type { DoubleValue } from "./value-writer.ts";

/** The form of a value on the wire; an empty value has none. */
export type AttributeKind = "string" | "bool" | "int" | "double" | "array" | "kvlist" | "bytes" | "empty";

/** Attributes that can be changed; reads see the changes at once. */
export interface AttributesEditor extends AttributesView {
  /**
   * Replaces the first pair of this key and removes the others, or appends one. Safe integers are written as intValue,
   * other numbers as doubleValue; `double(n)` forces doubleValue. Throws RangeError for a bigint outside int64.
   */
  set(key: string | AttributeKeyLike, value: AttributeValue | DoubleValue): void;
  /** Gives the pair another key, in its place; a pair that had that key goes. Nothing happens when `from` is absent. */
  rename(from: string | AttributeKeyLike, to: string | AttributeKeyLike): void;
  /** Removes all pairs of this key; false when there was none. */
  delete(key: string | AttributeKeyLike): boolean;
  /** Gives `to` the value of `from` as it is; false when `from` is absent. */
  copy(from: string | AttributeKeyLike, to: string | AttributeKeyLike): boolean;
  /** Makes all changes of a program, in one pass. */
  apply(program: AttributeProgram): void;
  /** The form of the value, which tells 2 from 2.0; undefined when the key is absent. */
  kind(key: string | AttributeKeyLike): AttributeKind | undefined;
}

export interface ResourceEditor extends ResourceView {
  readonly attributes: AttributesEditor;
}

export interface ScopeEditor extends ScopeView {
  readonly attributes: AttributesEditor;
}

export interface SpanEditor extends SpanView {
  readonly attributes: AttributesEditor;
  name: string;
  traceState: string;
}

export interface LogRecordEditor extends LogRecordView {
  readonly attributes: AttributesEditor;
  setBody(value: AttributeValue): void;
  setSeverity(severityNumber: number, severityText: string): void;
}

export interface DataPointEditor extends DataPointView {
  readonly attributes: AttributesEditor;
}

/** What to change. A resource or scope is visited once, before its first item, and only when it has items. */
export interface EditVisitor<Editor> {
  resource?(resource: ResourceEditor): void;
  scope?(scope: ScopeEditor): void;
  item?(item: Editor): void;
}
