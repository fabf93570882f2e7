import type { Report } from "../diagnostics/diagnostic.ts";
import { joinPath, type MapEntry } from "../yaml/config-node.ts";
import { parseId, type ComponentId } from "./component-id.ts";

/** Where an id stands, and what is known about its section. */
export interface IdPlace {
  readonly section: string;
  readonly body: MapEntry;
  /** Ids that the section has already. */
  readonly taken: ReadonlyMap<string, unknown>;
  /** How an id of this section is written. */
  readonly form: string;
}

/** Reads the key of a section as an id; reports what is none, and what is there twice once it is trimmed. */
export function readId(key: string, { section, body, taken, form }: IdPlace, report: Report): ComponentId | undefined {
  const path = joinPath(section, key);
  const id = parseId(key);
  if ("error" in id) {
    report({ code: "CFG_INVALID_ID", site: body.keySite, path, message: `${section}: ${id.error}`, fix: `write ${form}` });
    return undefined;
  }
  if (!taken.has(id.id)) return id;
  report({
    code: "CFG_DUPLICATE_ID",
    site: body.keySite,
    path,
    message: `${section}: duplicate id "${id.id}" once the spaces around its parts are taken away`,
    fix: `give one of the two another name, such as ${id.type}/second`,
  });
  return undefined;
}
