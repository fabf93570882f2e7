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
  const ordered: PipelineSpec[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (pipeline: PipelineSpec, path: readonly string[]): void => {
    const known = state.get(pipeline.id);
    if (known === "done") return;
    if (known === "open") throw new GraphError(`cycle detected: ${[...path, pipeline.id].join(" -> ")}; take one of the connectors out`);
    state.set(pipeline.id, "open");
    for (const feeder of spec.pipelines) if (feeds(feeder, pipeline, spec)) visit(feeder, [...path, pipeline.id]);
    state.set(pipeline.id, "done");
    ordered.push(pipeline);
  };
  for (const pipeline of spec.pipelines) visit(pipeline, []);
  return ordered;
}

/** Whether items can come from one pipeline into the other: through a connector that supports the pair, or as alerts. */
function feeds(from: PipelineSpec, to: PipelineSpec, spec: GraphSpec): boolean {
  const [a, b] = [dataSignal(from.signal), dataSignal(to.signal)];
  return (
    (to.signal === "alerts" && to.receivers.some((id) => from.processors.includes(id))) ||
    spec.connectors.some(
      ({ id, definition }) =>
        from.exporters.includes(id) && to.receivers.includes(id) && definition.pairs.some(([into, out]) => into === a && out === b),
    )
  );
}

/** Finds a component by id, or says where the reference is. */
export function lookup<T extends { readonly id: string }>(list: readonly T[], id: string, kind: string, pipeline: string): T {
  const found = list.find((candidate) => candidate.id === id);
  if (found === undefined) throw new GraphError(`pipeline "${pipeline}" references ${kind} "${id}" which is not configured`);
  return found;
}
