import type { CapabilityName } from "@tidemark/core";
import type { Finding } from "../diagnostics/diagnostic.ts";
import { suggestion } from "../diagnostics/suggest.ts";
import { type ExtensionReference, SECTION_NAMES, type Sections } from "../sections/sections.ts";
import { usedIds } from "./usage.ts";

/** Fields that name an extension: it must be configured, started, and able to do what the field needs. */
export function checkCapabilities(sections: Sections): readonly Finding[] {
  if (sections.unreadable.has("extensions")) return [];
  const used = usedIds(sections);
  return SECTION_NAMES.flatMap((section) =>
    [...sections[section].values()]
      .filter(({ id }) => used[section].has(id))
      .flatMap((component) => component.extensions.flatMap((reference) => checkReference(sections, reference))),
  );
}

function checkReference(sections: Sections, { id, site, path, capability }: ExtensionReference): readonly Finding[] {
  const extension = sections.extensions.get(id);
  const able = idsThatCan(sections, capability);
  if (extension === undefined) {
    const message = `${path}: references extension "${id}" which is not configured`;
    const fix =
      able.length === 0 ? `configure "${id}" under extensions:, and add it to service: extensions:` : suggestion(id, able, "Extensions");
    return [{ code: "CFG_UNDEFINED_REFERENCE", site, path, message, fix }];
  }
  if (extension.definition === undefined) return [];
  if (!provides(extension.definition, capability)) {
    const message = `${path}: extension "${id}" cannot serve as ${wordsOf(capability)}`;
    const fix =
      able.length === 0 ? "configure an extension that can, and add it to service: extensions:" : suggestion(id, able, "Extensions");
    return [{ code: "CFG_WRONG_EXTENSION", site, path, message, fix }];
  }
  if (sections.extensionOrder.some((started) => started.id === id)) return [];
  const message = `${path}: extension "${id}" is configured but not started: service::extensions does not name it`;
  return [{ code: "CFG_EXTENSION_NOT_STARTED", site, path, message, fix: `add "${id}" to service: extensions:` }];
}

function idsThatCan(sections: Sections, capability: CapabilityName): readonly string[] {
  return [...sections.extensions.values()].flatMap(({ id, definition }) =>
    definition !== undefined && provides(definition, capability) ? [id] : [],
  );
}

function provides(definition: { readonly provides?: readonly CapabilityName[] }, capability: CapabilityName): boolean {
  return definition.provides?.includes(capability) === true;
}

/** `serverAuthenticator` → `server authenticator`. */
function wordsOf(capability: CapabilityName): string {
  return capability.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
