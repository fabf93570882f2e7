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
    for (const url of urlsIn(extension.config)) rows.push([extension.definition.type === "health_check" ? "health" : extension.id, url]);
  }
  for (const url of metrics) rows.push(["metrics", url]);
  if (workers > 1) rows.push(["workers", `${workers} processes share the work`]);
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `Tidemark ${VERSION} is ready after ${(readyMs / 1000).toFixed(2)} s.`,
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
  ].join("\n");
}

/** Every `endpoint` in a configuration on which it listens, each with the keys that lead to it: `grpc localhost:4317`. URLs are asked. */
export function endpointsIn(config: unknown, path: readonly string[] = []): string[] {
  if (typeof config !== "object" || config === null) return [];
  return Object.entries(config).flatMap(([key, value]: [string, unknown]) => {
    if (key !== "endpoint") return endpointsIn(value, key === "protocols" ? path : [...path, key]);
    return typeof value === "string" && /^(?!https?:\/\/)./i.test(value) ? [[...path, value].join(" ")] : [];
  });
}

/** The address of every page in an extension's configuration, at any depth, as a browser wants it. */
export function urlsIn(config: unknown): string[] {
  if (typeof config !== "object" || config === null) return [];
  if (!("endpoint" in config) || typeof config.endpoint !== "string" || config.endpoint === "")
    return Object.values(config).flatMap((value: unknown) => urlsIn(value));
  const scheme = "tls" in config && config.tls !== undefined ? "https" : "http";
  const path = "path" in config && typeof config.path === "string" ? config.path : "";
  return [`${scheme}://${config.endpoint}${path}`];
}
