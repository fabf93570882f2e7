import type { ComponentDefinition, RegistryEntry } from "@tidemark/core";
import type { Report } from "../diagnostics/diagnostic.ts";
import { suggestion } from "../diagnostics/suggest.ts";
import { checkValue } from "../schema/check-value.ts";
import { joinPath, type MapEntry } from "../yaml/config-node.ts";
import { readExtensionReferences } from "./read-extension-references.ts";
import { readId } from "./read-id.ts";
import { readMapping } from "./read-mapping.ts";
import { kindOf, type ParsedComponent, type SectionName } from "./sections.ts";

const FORM = "type or type/name; a type has letters, digits and _, a name no spaces and no symbols";

/** Reads one component section: ids, types, and each body against the schema of its definition. */
export async function readComponents<D extends ComponentDefinition>(
  section: SectionName,
  entry: MapEntry | undefined,
  registry: readonly RegistryEntry<D>[],
  report: Report,
): Promise<ReadonlyMap<string, ParsedComponent<D>>> {
  const components = new Map<string, ParsedComponent<D>>();
  for (const [key, body] of readMapping(section, entry, "each component under its id, such as otlp: or otlp/second:", report)) {
    const path = joinPath(section, key);
    const id = readId(key, { section, body, taken: components, form: FORM }, report);
    if (id === undefined) continue;
    const definition = await findDefinition(registry, { section, id: id.id, type: id.type, body }, report);
    const checked =
      definition === undefined
        ? undefined
        : checkValue({ schema: definition.config, node: body.value, keySite: body.keySite, path }, report);
    const extensions = definition === undefined ? [] : readExtensionReferences(definition.config, body.value, path, report);
    const config = checked?.ok === true ? checked.value : undefined;
    components.set(id.id, { id: id.id, path, keySite: body.keySite, definition, config, extensions });
  }
  return components;
}

async function findDefinition<D extends ComponentDefinition>(
  registry: readonly RegistryEntry<D>[],
  { section, id, type, body }: { readonly section: SectionName; readonly id: string; readonly type: string; readonly body: MapEntry },
  report: Report,
): Promise<D | undefined> {
  const path = joinPath(section, id);
  const exact = registry.find((row) => row.type === type);
  if (exact !== undefined) return exact.load();
  const renamed = registry.find((row) => row.aliases.includes(type));
  if (renamed !== undefined) {
    const message = `${section}: "${type}" is an old name of the ${kindOf(section)} "${renamed.type}"`;
    report({
      code: "CFG_DEPRECATED_TYPE",
      site: body.keySite,
      path,
      message,
      fix: `write "${id.replace(type, renamed.type)}" here and ${section === "extensions" ? "in service: extensions:" : "in the pipelines"}`,
    });
    return renamed.load();
  }
  const known = registry.map((row) => row.type).sort();
  const message = `${section}: unknown type: "${type}" for id: "${id}"`;
  report({ code: "CFG_UNKNOWN_TYPE", site: body.keySite, path, message, fix: suggestion(type, known, "Types") });
  return undefined;
}
