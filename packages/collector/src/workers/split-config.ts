import type { LoadedConfig } from "@tidemark/config";

/** What the supervisor runs itself: the extensions that there may be only one of, because they own a port or a file. */
export function supervisorConfig(config: LoadedConfig): LoadedConfig {
  const extensions = config.graph.extensions.filter(({ definition }) => definition.scope === "collector");
  return { ...config, graph: { receivers: [], processors: [], connectors: [], exporters: [], pipelines: [], extensions } };
}

/** What each worker runs: everything else. */
export function workerConfig(config: LoadedConfig): LoadedConfig {
  const extensions = config.graph.extensions.filter(({ definition }) => definition.scope !== "collector");
  return { ...config, graph: { ...config.graph, extensions } };
}
