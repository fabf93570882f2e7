import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { optionsTable } from "@tidemark/config";
import type { ComponentDefinition } from "@tidemark/core";
import { root } from "../paths.mjs";
import { COMPONENTS_SOURCE, KINDS, type ScannedComponent } from "./components.ts";

const OPEN = "<!-- generated:config -->";
const CLOSE = "<!-- /generated -->";

/** A component's README with its options table filled in between the markers. */
export async function componentReadme({ folder, definition }: ScannedComponent): Promise<{ path: string; content: string }> {
  const path = `${COMPONENTS_SOURCE}/${folder}/README.md`;
  const text = await readFile(join(root, path), "utf8").catch(() => undefined);
  if (text === undefined) throw new Error(`${path} is missing: say what the component does, when to use it, and how it fails`);
  return { path, content: fill(path, text, optionsTable(definition)) };
}

/** The table of contents in packages/components/README.md. */
export function componentsIndex(components: readonly ScannedComponent[]): { path: string; content: string } {
  const sections = KINDS.map(([kind, folder]) => {
    const own = components.filter(({ definition }) => definition.kind === kind);
    if (own.length === 0) return "";
    const rows = own.map(
      (each) =>
        `| [\`${each.definition.type}\`](src/${each.folder}/README.md) | ${carries(each.definition)} | ${each.definition.stability} | ${each.definition.summary} |`,
    );
    return `\n## ${folder.charAt(0).toUpperCase()}${folder.slice(1)}\n\n| type | carries | stability | what it does |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return {
    path: "packages/components/README.md",
    content: `# @tidemark/components

The components that ship with Tidemark. Each has a folder of its own, named as in YAML, with its options in its README.
Import one by its path, for example \`@tidemark/components/processors/batch\`, or all of them, lazily, as
\`registry\` from \`@tidemark/components\`; \`DeadLetters\` from \`@tidemark/components/dead-letters\` is for tools that work on the
dead letters of a \`file_storage\`. This page is generated from the folders: \`npm run gen\`.
${sections.join("")}`,
  };
}

function carries(definition: ComponentDefinition): string {
  if (definition.kind === "extension") return "–";
  const alerts = "emitsAlerts" in definition && definition.emitsAlerts ? "; raises alerts" : "";
  if (definition.kind === "connector") return definition.pairs.map(([from, to]) => `${from} → ${to}`).join(", ") + alerts;
  return definition.signals.join(", ") + alerts;
}

function fill(path: string, text: string, table: string): string {
  const open = text.indexOf(OPEN);
  const close = text.indexOf(CLOSE, open);
  if (open < 0 || close < 0) throw new Error(`${path} lacks the lines ${OPEN} and ${CLOSE}, between which the options table stands`);
  return `${text.slice(0, open + OPEN.length)}\n\n${table.trim()}\n\n${text.slice(close)}`;
}
