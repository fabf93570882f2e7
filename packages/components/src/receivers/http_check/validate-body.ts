import { GoRegExp } from "../../regexp/go-regexp.ts";
import { matchesJson, readJsonPath } from "./json-path.ts";
import type { ValidationConfig } from "./validation-fields.ts";

/** A body, as far as it was read. */
export interface ReadBody {
  readonly text: string;
  /** In bytes. */
  readonly size: number;
}

/** One thing that is asked of a body; `type` is the attribute `validation.type`. */
export interface Validation {
  readonly type: "contains" | "not_contains" | "json_path" | "size" | "regex";
  readonly passes: (body: ReadBody) => boolean;
}

/** Everything that one item of `validations` asks for. */
export function validationsOf(config: ValidationConfig): readonly Validation[] {
  const { contains, not_contains: without, json_path: jsonPath, equals, max_size: most, min_size: fewest, regex } = config;
  const validations: Validation[] = [];
  const add = (type: Validation["type"], passes: Validation["passes"]): number => validations.push({ type, passes });
  if (contains !== undefined) add("contains", ({ text }) => text.includes(contains));
  if (without !== undefined) add("not_contains", ({ text }) => !text.includes(without));
  if (jsonPath !== undefined) {
    const path = readJsonPath(jsonPath);
    add("json_path", ({ text }) => typeof path !== "string" && matchesJson(text, path, equals));
  }
  if (most !== undefined) add("size", ({ size }) => size <= most);
  if (fewest !== undefined) add("size", ({ size }) => size >= fewest);
  if (regex !== undefined) {
    const pattern = new GoRegExp(regex);
    add("regex", ({ text }) => pattern.test(text));
  }
  return validations;
}
