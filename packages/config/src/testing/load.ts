import { loadConfig, type LoadResult } from "../load-config.ts";
import { FAKE_REGISTRY } from "./fake-registry.ts";

/** What a test gives beside the main file. */
export interface LoadSettings {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly uris?: readonly string[];
  readonly sets?: readonly string[];
}

/** Loads a text as `config.yaml` with the fake registry and files in memory. */
export async function loadText(
  text: string,
  { env = {}, files = {}, uris = ["config.yaml"], sets = [] }: LoadSettings = {},
): Promise<LoadResult> {
  const all = new Map(Object.entries({ "config.yaml": text, ...files }));
  const readFile = async (path: string): Promise<string> => {
    const content = all.get(path);
    return content === undefined
      ? Promise.reject(Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" }))
      : Promise.resolve(content);
  };
  return loadConfig({ uris, sets, registry: FAKE_REGISTRY, env, readFile });
}

/** A configuration without mistakes, around the part that a test is about. */
export function withExporter(body: string): string {
  const indented = body
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
  return `receivers:\n  otlp:\n    protocols:\n      grpc:\nexporters:\n  types:\n${indented}\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [types]\n`;
}
