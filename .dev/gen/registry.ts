import { COMPONENTS_SOURCE, KINDS, type ScannedComponent } from "./components.ts";

/** The lazy registry of @tidemark/components: a row for each folder; nothing is loaded before a configuration names it. */
export function componentRegistry(components: readonly ScannedComponent[]): { path: string; content: string } {
  const sections = KINDS.map(([kind, folder]) => {
    const rows = components.filter(({ definition }) => definition.kind === kind).map(row);
    return rows.length === 0 ? `  ${folder}: [],` : `  ${folder}: [\n${rows.join("\n")}\n  ],`;
  });
  return {
    path: `${COMPONENTS_SOURCE}/registry.gen.ts`,
    content: `// Generated from the component folders by: npm run gen
import type { Registry } from "@tidemark/core";

/** Every component of this package. A definition is loaded when it is first asked for. */
export const registry: Registry = {
${sections.join("\n")}
};
`,
  };
}

function row({ folder, exportName, definition }: ScannedComponent): string {
  const aliases = JSON.stringify(definition.aliases ?? []);
  const load = `async () => (await import("./${folder}/index.ts")).${exportName}`;
  return `    { type: "${definition.type}", aliases: ${aliases}, load: ${load} },`;
}
