import { dataSignal } from "@tidemark/core";
import type { Finding } from "../diagnostics/diagnostic.ts";
import type { ParsedPipeline, Sections } from "../sections/sections.ts";
import type { Site } from "../yaml/source-text.ts";
import { connects, detects, pipelinesWith } from "./usage.ts";

interface Vertex {
  /** How the Collector names it in a cycle; empty for parts that it does not name. */
  readonly words: string;
  readonly site: Site;
  readonly path: string;
  readonly next: string[];
}

type Graph = Map<string, Vertex>;

/** The first cycle of the stream graph, in words. Data in a cycle would never settle. */
export function checkCycles(sections: Sections): readonly Finding[] {
  const graph = buildGraph(sections);
  const cycle = findCycle(graph);
  if (cycle === undefined) return [];
  const vertices = cycle.flatMap((key) => graph.get(key) ?? []);
  const named = vertices.map(({ words }) => words).filter((words) => words !== "");
  const [first] = vertices;
  if (first === undefined) return [];
  const message = `cycle detected: ${[...named, named[0] ?? ""].join(" -> ")}`;
  return [
    {
      code: "CFG_CYCLE",
      site: first.site,
      path: first.path,
      message,
      fix: "take one of these connectors out of the exporters of its pipeline",
    },
  ];
}

function buildGraph(sections: Sections): Graph {
  const graph: Graph = new Map();
  for (const pipeline of sections.pipelines) addConnectors(graph, sections, pipeline);
  for (const pipeline of sections.pipelines) addPipeline(graph, sections, pipeline);
  return graph;
}

/** One vertex for each connector and pair of signals, as the Collector makes one instance for each. */
function addConnectors(graph: Graph, sections: Sections, from: ParsedPipeline): void {
  for (const { id, site } of from.exporters) {
    const connector = sections.connectors.get(id);
    if (connector === undefined) continue;
    for (const to of pipelinesWith(sections, "receivers", id)) {
      if (!connects(connector, from.signal, to.signal) && !(to.signal === "alerts" && detects(connector))) continue;
      const key = connectorKey(id, from, to);
      const words = `connector "${id}" (${dataSignal(from.signal)} to ${dataSignal(to.signal)})`;
      if (!graph.has(key)) graph.set(key, { words, site, path: `${from.path}::exporters`, next: [] });
      graph.get(key)?.next.push(entryKey(to));
    }
  }
}

function addPipeline(graph: Graph, sections: Sections, pipeline: ParsedPipeline): void {
  const { path, keySite } = pipeline;
  let last: Vertex = { words: "", site: keySite, path, next: [] };
  graph.set(entryKey(pipeline), last);
  for (const { id, site } of pipeline.processors) {
    const vertex: Vertex = { words: `processor "${id}" in pipeline "${pipeline.id}"`, site, path: `${path}::processors`, next: [] };
    const key = `processor ${id} in ${pipeline.id}`;
    graph.set(key, vertex);
    last.next.push(key);
    last = vertex;
    if (!detects(sections.processors.get(id))) continue;
    for (const alerts of pipelinesWith(sections, "receivers", id)) if (alerts.signal === "alerts") vertex.next.push(entryKey(alerts));
  }
  for (const { id } of pipeline.exporters) {
    for (const to of pipelinesWith(sections, "receivers", id)) {
      const key = connectorKey(id, pipeline, to);
      if (graph.has(key) && !last.next.includes(key)) last.next.push(key);
    }
  }
}

function connectorKey(id: string, from: ParsedPipeline, to: ParsedPipeline): string {
  return `connector ${id} ${from.signal} ${to.signal}`;
}

function entryKey(pipeline: ParsedPipeline): string {
  return `pipeline ${pipeline.id}`;
}

function findCycle(graph: Graph): readonly string[] | undefined {
  const done = new Set<string>();
  for (const start of graph.keys()) {
    const cycle = walk(graph, start, done);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** Depth first, without recursion: a chain of pipelines may be long. */
function walk(graph: Graph, start: string, done: Set<string>): readonly string[] | undefined {
  const trail: { key: string; at: number }[] = [{ key: start, at: 0 }];
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const next = done.has(top.key) ? undefined : graph.get(top.key)?.next[top.at++];
    if (next === undefined) {
      done.add(top.key);
      trail.pop();
      continue;
    }
    const open = trail.findIndex(({ key }) => key === next);
    if (open >= 0) return trail.slice(open).map(({ key }) => key);
    trail.push({ key: next, at: 0 });
  }
  return undefined;
}
