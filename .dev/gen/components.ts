import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ComponentDefinition, ComponentKind, Registry, RegistryEntry } from "@tidemark/core";
import { root } from "../paths.mjs";

/** Folder of each kind under packages/components/src, in the order of documents. */
export const KINDS: readonly (readonly [kind: ComponentKind, folder: string])[] = [
  ["receiver", "receivers"],
  ["processor", "processors"],
  ["connector", "connectors"],
  ["exporter", "exporters"],
  ["extension", "extensions"],
];

export const COMPONENTS_SOURCE = "packages/components/src";

/** A component as its folder declares it. */
export interface ScannedComponent {
  readonly folder: string;
  readonly exportName: string;
  readonly definition: ComponentDefinition;
}

/** Loads every component folder, sorted by kind and type; folders that break the house rules are named instead. */
export async function scanComponents(): Promise<{ components: readonly ScannedComponent[]; mistakes: string[] }> {
  const components: ScannedComponent[] = [];
  const mistakes: string[] = [];
  for (const [kind, folder] of KINDS) {
    const types = await readdir(join(root, COMPONENTS_SOURCE, folder)).catch(() => []);
    for (const type of types.toSorted((a, b) => (a < b ? -1 : 1))) {
      const path = `${folder}/${type}`;
      if (!(await stat(join(root, COMPONENTS_SOURCE, path, "index.ts")).catch(() => undefined))) continue;
      try {
        components.push(await loadComponent(kind, type, path));
      } catch (error) {
        mistakes.push(`${COMPONENTS_SOURCE}/${path}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return { components, mistakes };
}

/** The components as a registry, without the detour over the generated file. */
export function registryOf(components: readonly ScannedComponent[]): Registry {
  const entries = <K extends ComponentKind>(kind: K): RegistryEntry<Extract<ComponentDefinition, { kind: K }>>[] =>
    components
      .map(({ definition }) => definition)
      .filter((definition): definition is Extract<ComponentDefinition, { kind: K }> => definition.kind === kind)
      .map((definition) => ({ type: definition.type, aliases: definition.aliases ?? [], load: async () => definition }));
  return {
    receivers: entries("receiver"),
    processors: entries("processor"),
    connectors: entries("connector"),
    exporters: entries("exporter"),
    extensions: entries("extension"),
  };
}

/** `memory_limiter` → `memoryLimiter`. */
export function camelCase(type: string): string {
  return type.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The rule for the name of a component's one export: `memoryLimiterProcessor`. */
export function exportNameOf(kind: ComponentKind, type: string): string {
  return `${camelCase(type)}${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}

async function loadComponent(kind: ComponentKind, type: string, folder: string): Promise<ScannedComponent> {
  const module = (await import(pathToFileURL(join(root, COMPONENTS_SOURCE, folder, "index.ts")).href)) as Record<string, unknown>;
  const exportName = exportNameOf(kind, type);
  const names = Object.keys(module);
  if (names.length !== 1 || names[0] !== exportName) {
    throw new Error(`index.ts must export exactly one const, "${exportName}"; it exports ${names.join(", ") || "nothing"}`);
  }
  const definition = module[exportName] as ComponentDefinition;
  if (definition.kind !== kind) throw new Error(`it is declared as ${definition.kind}, but stands under ${folder}`);
  if (definition.type !== type) throw new Error(`its type is "${definition.type}", but the folder is named "${type}"`);
  return { folder, exportName, definition };
}
