import type { LoadedConfig } from "@tidemark/config";
import { VERSION } from "../version.ts";

/** What a person wants to know when the collector is up: the pipelines, where to send to, where to look. */
export function startSummary({ graph }: LoadedConfig, metrics: readonly string[], readyMs: number, workers: number): string {
  const rows: (readonly [string, string])[] = graph.pipelines.map(({ id, receivers, processors, exporters }) => [
    id,
    [receivers.join(", "), ...processors, exporters.join(", ")].join(" → "),
  ]);
  for (const receiver of graph.receivers)
    for (const endpoint of endpointsIn(receiver.config)) rows.push(["listening", `${receiver.id} ${endpoint}`.trim()]);
  for (const extension of graph.extensions) {
    for (const endpoint of endpointsIn(extension.config))
      rows.push([extension.definition.type === "health_check" ? "health" : extension.id, `http://${endpoint}${pathOf(extension.config)}`]);
  }
  for (const url of metrics) rows.push(["metrics", url]);
  if (workers > 1) rows.push(["workers", `${workers} processes share the work`]);
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `Tidemark ${VERSION} is ready after ${(readyMs / 1000).toFixed(2)} s.`,
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
  ].join("\n");
}

/** Every `endpoint` in a configuration, each with the keys that lead to it: `grpc localhost:4317`. */
export function endpointsIn(config: unknown, path: readonly string[] = []): string[] {
  if (typeof config !== "object" || config === null) return [];
  return Object.entries(config).flatMap(([key, value]: [string, unknown]) => {
    if (key !== "endpoint") return endpointsIn(value, key === "protocols" ? path : [...path, key]);
    return typeof value === "string" && value !== "" ? [[...path, value].join(" ")] : [];
  });
}

function pathOf(config: unknown): string {
  const path = typeof config === "object" && config !== null && "path" in config ? config.path : undefined;
  return typeof path === "string" ? path : "";
}
