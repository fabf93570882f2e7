import type { DeliveryContext } from "@tidemark/core";
import { AttributeKey, AttributeProgram, type AttributeOperation, type AttributesEditor } from "@tidemark/otlp";
import type { AttributeAction } from "./action-fields.ts";
import { contextValue } from "./context-value.ts";
import { convertAttribute } from "./convert-value.ts";
import { hashAttribute } from "./hash-value.ts";
import { GoRegExp } from "../regexp/go-regexp.ts";

/** Changes the attributes of one record. */
export type AttributeChange = (attributes: AttributesEditor) => void;

/** A list of actions, made ready to run over many records. */
export class AttributeActions {
  readonly #actions: readonly AttributeAction[];
  /** The change, where it is the same for all requests. */
  readonly #fixed: AttributeChange | undefined;

  constructor(actions: readonly AttributeAction[]) {
    this.#actions = actions;
    this.#fixed = actions.some(({ from_context }) => from_context !== "") ? undefined : compile(actions, undefined);
  }

  /** The change for records of one request. */
  forRequest(context: DeliveryContext): AttributeChange {
    return this.#fixed ?? compile(this.#actions, context);
  }
}

/** Neighbours whose values are known before the record is become one program, which is one pass. */
function compile(actions: readonly AttributeAction[], context: DeliveryContext | undefined): AttributeChange {
  const changes: AttributeChange[] = [];
  let operations: AttributeOperation[] = [];
  const flush = (): void => {
    if (operations.length === 0) return;
    const program = new AttributeProgram(operations);
    operations = [];
    changes.push((attributes) => attributes.apply(program));
  };
  for (const action of actions) {
    const operation = knownOperation(action, context);
    if (operation === "none") continue;
    if (operation !== undefined) {
      operations.push(operation);
      continue;
    }
    flush();
    changes.push(changeOf(action));
  }
  flush();
  const [only] = changes;
  if (changes.length === 1 && only !== undefined) return only;
  return (attributes) => {
    for (const change of changes) change(attributes);
  };
}

/** The operation that an action comes to whatever the record, "none" when it does nothing, undefined when the record decides. */
function knownOperation(action: AttributeAction, context: DeliveryContext | undefined): AttributeOperation | "none" | undefined {
  const { action: name, key } = action;
  if (name === "delete" && action.pattern === "") return { action: name, key };
  if (name !== "insert" && name !== "update" && name !== "upsert") return undefined;
  if (action.value !== undefined) return { action: name, key, value: action.value };
  if (action.from_context === "" || context === undefined) return undefined;
  const value = contextValue(action.from_context, context);
  return value === undefined ? "none" : { action: name, key, value };
}

/** An action that looks at the record. */
function changeOf(action: AttributeAction): AttributeChange {
  const key = new AttributeKey(action.key);
  switch (action.action) {
    case "insert":
    case "update":
    case "upsert":
      return copyChange(action.action, key, new AttributeKey(action.from_attribute));
    case "delete":
      return keyAndPattern(action, (attributes, name) => void attributes.delete(name));
    case "hash":
      return keyAndPattern(action, hashAttribute);
    case "extract":
      return extractChange(key, new GoRegExp(action.pattern));
    case "convert": {
      const to = action.converted_type;
      return (attributes) => {
        if (to !== "") convertAttribute(attributes, key, to);
      };
    }
  }
}

function copyChange(action: "insert" | "update" | "upsert", key: AttributeKey, from: AttributeKey): AttributeChange {
  return (attributes) => {
    if (action === "upsert" || attributes.has(key) === (action === "update")) attributes.copy(from, key);
  };
}

/** Does something to the attribute `key`, and then to those whose keys match `pattern`. */
function keyAndPattern(
  { key, pattern }: AttributeAction,
  change: (attributes: AttributesEditor, key: AttributeKey | string) => void,
): AttributeChange {
  const compiled = key === "" ? undefined : new AttributeKey(key);
  const regexp = pattern === "" ? undefined : new GoRegExp(pattern);
  return (attributes) => {
    if (compiled !== undefined) change(attributes, compiled);
    if (regexp === undefined) return;
    const names = new Set<string>();
    for (const [name] of attributes.entries()) if (regexp.test(name)) names.add(name);
    for (const name of names) change(attributes, name);
  };
}

/** Groups that took no part in the match give an empty text, as in Go. */
function extractChange(key: AttributeKey, regexp: GoRegExp): AttributeChange {
  const names = regexp.groupNames;
  return (attributes) => {
    const text = attributes.getString(key);
    const match = text === undefined ? undefined : regexp.exec(text);
    if (match === undefined) return;
    for (const [index, name] of names.entries()) attributes.set(name, match[index + 1] ?? "");
  };
}
