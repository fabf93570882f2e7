import { registry } from "@tidemark/components";
import { SCHEMES } from "@tidemark/config";
import type { ComponentDefinition, Registry, Stability } from "@tidemark/core";
import { stringify } from "yaml";
import { VERSION } from "../../version.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../io.ts";

export const componentsCommand: Command = {
  name: "components",
  usage: "",
  summary: "List the components of this program, as YAML.",
  details: "The form is that of the OpenTelemetry Collector's command of the same name.",
  takesFiles: false,
  options: {},
  run: async (_args, io) => {
    io.stdout(stringify(await componentList(registry), { indent: 4 }));
    return EXIT.ok;
  },
};

/** Everything in a registry, in the shape of the Collector's `components` command. */
async function componentList(components: Registry): Promise<Record<string, unknown>> {
  const sections: Record<string, unknown> = {};
  for (const kind of ["receivers", "processors", "exporters", "connectors", "extensions"] as const) {
    const definitions = await Promise.all(components[kind].map((entry): Promise<ComponentDefinition> => entry.load()));
    sections[kind] = definitions.map((definition) => describe(kind, definition));
  }
  const module = `@tidemark/config v${VERSION}`;
  return {
    buildinfo: { command: "tidemark", description: "An OpenTelemetry pipeline whose alerts carry their evidence", version: VERSION },
    ...sections,
    providers: SCHEMES.map((scheme) => ({ scheme, module })),
    converters: [],
  };
}

function describe(kind: string, definition: ComponentDefinition): Record<string, unknown> {
  return {
    name: definition.type,
    module: `@tidemark/components/${kind}/${definition.type} v${VERSION}`,
    stability: Object.fromEntries(uses(definition).map((use) => [use, title(definition.stability)])),
    ...(definition.aliases === undefined || definition.aliases.length === 0 ? {} : { deprecated_names: definition.aliases }),
  };
}

function uses(definition: ComponentDefinition): string[] {
  switch (definition.kind) {
    case "extension":
      return ["extension"];
    case "connector":
      return definition.pairs.map(([from, to]) => `${from}-to-${to}`);
    default:
      return [...definition.signals];
  }
}

function title(stability: Stability): string {
  return stability.charAt(0).toUpperCase() + stability.slice(1);
}
