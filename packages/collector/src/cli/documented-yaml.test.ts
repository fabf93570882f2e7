import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { registry } from "@tidemark/components";
import { loadDefinitions, SECTION_NAMES, type AllDefinitions } from "@tidemark/config";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { runCommandLine } from "./run-command-line.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** Blocks of other programs, by their first line. */
const NOT_OURS = new Set(["readinessProbe:"]);
/** What such a field names is an extension. */
const NAMES_EXTENSION = new Set(["authenticator", "storage", "id"]);
const DATA_SECTIONS = ["receivers", "processors", "exporters"] as const;

type Section = Record<string, unknown>;
interface Config extends Partial<Record<(typeof SECTION_NAMES)[number], Section>> {
  readonly service?: { readonly extensions?: readonly string[]; readonly pipelines?: Record<string, Record<string, readonly string[]>> };
}

interface Block {
  /** `path:line` of its first line. */
  readonly at: string;
  readonly text: string;
}

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const pages = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".md") && !/(^|\/)(node_modules|\.[^/]+)\//.test(file),
);
const blocks: readonly Block[] = pages.flatMap((file) =>
  [...read(file).matchAll(/^```ya?ml\n(.*?)^```$/gms)].map((match) => ({
    at: `${file}:${read(file).slice(0, match.index).split("\n").length + 1}`,
    text: match[1] ?? "",
  })),
);

let definitions: AllDefinitions;
beforeAll(async () => {
  definitions = await loadDefinitions(registry);
});

const typeOf = (id: string): string => id.split("/", 1)[0] ?? "";
const definitionOf = (section: (typeof SECTION_NAMES)[number], id: string) =>
  definitions[section].find(({ type, aliases = [] }) => type === typeOf(id) || aliases.includes(typeOf(id)));

/** What a reader has around a fragment: a pipeline for what is in none, and the example of each component that is named and not shown. */
function surroundings(block: Config): Config {
  const shown = block.service?.pipelines ?? {};
  const pipelines = pipelinesFor(block, new Set(Object.values(shown).flatMap((pipeline) => Object.values(pipeline).flat())));
  const extensions = [...new Set(extensionsNamedIn(block))].filter((id) => definitionOf("extensions", id) !== undefined);
  const isShown = (id: string): boolean => SECTION_NAMES.some((section) => Object.hasOwn(block[section] ?? {}, id));
  const examples = (section: (typeof SECTION_NAMES)[number], ids: readonly string[]): Section =>
    Object.fromEntries(
      ids.filter((id) => !isShown(id)).map((id) => [id, parse(definitionOf(section, id)?.example ?? "{}") as unknown] as const),
    );
  const named = DATA_SECTIONS.map((section) => {
    const ids = [...Object.values(shown), ...Object.values(pipelines)].flatMap((pipeline) => pipeline[section] ?? []);
    return [section, examples(section, ids)] as const;
  });
  return { ...Object.fromEntries(named), extensions: examples("extensions", extensions), service: { extensions, pipelines } };
}

function extensionsNamedIn(value: unknown, key = ""): readonly string[] {
  if (typeof value === "string") return NAMES_EXTENSION.has(key) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) => extensionsNamedIn(child, name));
}

/** A pipeline for the first signal of each component that is in no pipeline yet. */
function pipelinesFor(block: Config, used: ReadonlySet<string>): Record<string, Record<string, readonly string[]>> {
  const unused = DATA_SECTIONS.flatMap((section) =>
    Object.keys(block[section] ?? {})
      .filter((id) => !used.has(id))
      .map((id) => ({ section, id, signal: (definitionOf(section, id) as { signals?: readonly string[] } | undefined)?.signals?.[0] })),
  );
  const signals = used.size === 0 && unused.length === 0 ? ["traces"] : [...new Set(unused.map(({ signal = "traces" }) => signal))];
  return Object.fromEntries(
    signals.map((signal) => {
      const [receivers = [], processors = [], exporters = []] = DATA_SECTIONS.map((section) =>
        unused.filter((part) => part.section === section && part.signal === signal).map(({ id }) => id),
      );
      const pipeline = {
        receivers: receivers.length === 0 ? ["otlp"] : receivers,
        processors,
        exporters: exporters.length === 0 ? ["debug"] : exporters,
      };
      return [`${signal}/around`, pipeline];
    }),
  );
}

describe("YAML in the documentation", () => {
  it("is found", () => {
    expect(blocks.length).toBeGreaterThan(25);
  });

  it.each(blocks.filter(({ text }) => !NOT_OURS.has(text.split("\n", 1)[0] ?? "")))("$at is valid", async ({ at, text }) => {
    const env = Object.fromEntries([...text.matchAll(/\$\{env:(\w+)/g)].map(([, name = ""]) => [name, "x"]));
    const around = stringify(surroundings(parse(text) as Config));
    const texts = { stdout: "", stderr: "" };
    const code = await runCommandLine(["validate", "--config", `yaml:${around}`, "--config", `file:${at}`], {
      stdout: (part) => void (texts.stdout += part),
      stderr: (part) => void (texts.stderr += part),
      env,
      color: false,
      readFile: async (path) => (path === at ? text : Promise.reject(new Error(`${path} is not shown`))),
    });
    expect({ code, stderr: texts.stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("the files in pipelines/", () => {
  it.each(readdirSync(join(ROOT, "pipelines")))("%s is valid as it stands", async (name) => {
    const texts = { stdout: "", stderr: "" };
    const code = await runCommandLine(["validate", name], {
      stdout: (part) => void (texts.stdout += part),
      stderr: (part) => void (texts.stderr += part),
      env: {},
      color: false,
      readFile: () => Promise.resolve(read(`pipelines/${name}`)),
    });
    expect({ code, ...texts }).toEqual({ code: 0, stdout: `${name}: valid\n`, stderr: "" });
  });
});
