import { messageOf } from "@tidemark/core";
import type { z } from "zod";
import { strategiesField, type Strategies } from "./strategy-fields.ts";

/**
 * Reads strategies from JSON.
 * @throws Error that says what is wrong, and where in the text.
 */
export function readStrategies(text: string): Strategies {
  const result = strategiesField.safeParse(parseJson(text));
  if (result.success) return result.data;
  const [first, ...more] = result.error.issues;
  throw new Error(`${first === undefined ? "" : sentence(first)}${more.length === 0 ? "" : ` (and ${more.length} more)`}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (caught) {
    throw new Error(`the strategies are not JSON: ${messageOf(caught)}`, { cause: caught });
  }
}

function sentence({ path, message }: z.core.$ZodIssue): string {
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return `${place === "" ? "the strategies" : place.slice(1)}: ${message}`;
}
