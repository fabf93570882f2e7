import type { LoadedConfig } from "@tidemark/config";

/**
 * What the supervisor runs itself: the extensions that there may be only one of, because they own a port or a file, and what these need
 * of others, such as an authenticator.
 */
export function supervisorConfig(config: LoadedConfig): LoadedConfig {
  const all = config.graph.extensions;
  const own = all.filter(({ definition }) => definition.scope === "collector");
  const needed = new Set(own.flatMap(({ id, extensions: named = [] }) => [id, ...named]));
  const extensions = all.filter(({ id }) => needed.has(id));
  return { ...config, graph: { receivers: [], processors: [], connectors: [], exporters: [], pipelines: [], extensions } };
}

/** What each worker runs: everything else. */
export function workerConfig(config: LoadedConfig): LoadedConfig {
  const extensions = config.graph.extensions.filter(({ definition }) => definition.scope !== "collector");
  return { ...config, graph: { ...config.graph, extensions } };
}
