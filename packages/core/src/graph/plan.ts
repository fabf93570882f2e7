import type { Signal } from "@tidemark/otlp";
import type { PipelineSignal } from "../contract/component.ts";
import type { GraphSpec, PipelineSpec } from "./graph-spec.ts";

/** What a pipeline's batches are: alerts travel as log records. */
export function dataSignal(signal: PipelineSignal): Signal {
  return signal === "alerts" ? "logs" : signal;
}

/** A mistake in a graph specification that was put together by hand; `@tidemark/config` finds all of them, with their places. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

/**
 * Orders the pipelines so that each comes after those that feed it (by connectors or alerts).
 * @throws GraphError when pipelines feed each other in a circle.
 */
export function inFeedingOrder(spec: GraphSpec): readonly PipelineSpec[] {
  const connectors = new Set(spec.connectors.map((connector) => connector.id));
  const ordered: PipelineSpec[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (pipeline: PipelineSpec, path: readonly string[]): void => {
    const known = state.get(pipeline.id);
    if (known === "done") return;
    if (known === "open") throw new GraphError(`cycle detected: ${[...path, pipeline.id].join(" -> ")}; take one of the connectors out`);
    state.set(pipeline.id, "open");
    for (const feeder of spec.pipelines) if (feeds(feeder, pipeline, connectors)) visit(feeder, [...path, pipeline.id]);
    state.set(pipeline.id, "done");
    ordered.push(pipeline);
  };
  for (const pipeline of spec.pipelines) visit(pipeline, []);
  return ordered;
}

function feeds(from: PipelineSpec, to: PipelineSpec, connectors: ReadonlySet<string>): boolean {
  return to.receivers.some(
    (id) => (connectors.has(id) && from.exporters.includes(id)) || (to.signal === "alerts" && from.processors.includes(id)),
  );
}

/** Finds a component by id, or says where the reference is. */
export function lookup<T extends { readonly id: string }>(list: readonly T[], id: string, kind: string, pipeline: string): T {
  const found = list.find((candidate) => candidate.id === id);
  if (found === undefined) throw new GraphError(`pipeline "${pipeline}" references ${kind} "${id}" which is not configured`);
  return found;
}
