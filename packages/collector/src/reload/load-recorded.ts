import { loadConfig, type ConfigInput, type LoadResult } from "@tidemark/config";
import type { Candidate } from "@tidemark/core";

/** Loads a configuration from what somebody else has read for it. Variables are those of `env`; nothing else is looked up. */
export function loadRecorded(
  { uris, sets, texts }: Candidate,
  { registry, env }: Pick<ConfigInput, "registry" | "env">,
): Promise<LoadResult> {
  const read = async (name: string): Promise<string> => {
    const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
    if (text === undefined) throw new Error(`${name} was not read`);
    return text;
  };
  return loadConfig({ uris, sets, registry, env, readFile: read, readRemote: read });
}
