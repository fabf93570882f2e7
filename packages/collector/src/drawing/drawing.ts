import { inFeedingOrder, type GraphSpec, type PipelineSignal, type PipelineSpec } from "@tidemark/core";

/** What a box in a picture stands for. */
export type BoxKind = "receiver" | "processor" | "exporter" | "connector" | "alerts";

/** A component as it stands in one pipeline. */
export interface Box {
  readonly id: string;
  readonly kind: BoxKind;
}

/** One pipeline: what feeds it, what it does, where it leads. */
export interface Lane {
  readonly id: string;
  /** What stands above it. */
  readonly title: string;
  readonly signal: PipelineSignal;
  readonly receivers: readonly Box[];
  readonly processors: readonly Box[];
  readonly exporters: readonly Box[];
}

/** The place of a box in a drawing. */
export interface Place {
  readonly lane: number;
  readonly row: "receivers" | "processors" | "exporters";
  readonly index: number;
}

/** Batches that go over from one pipeline to another: through a connector, or as alerts. */
export interface Link {
  readonly kind: "connector" | "alerts";
  readonly from: Place;
  readonly to: Place;
}

/** A graph as people picture it: a lane for each pipeline, and the links between the lanes. */
export interface Drawing {
  readonly lanes: readonly Lane[];
  readonly links: readonly Link[];
  readonly extensions: readonly string[];
}

/** Arranges a graph for drawing. Pipelines that feed others stand above them; otherwise they keep their order. */
export function drawingOf(graph: GraphSpec): Drawing {
  const connectors = new Set(graph.connectors.map(({ id }) => id));
  const pipelines = inFeedingOrder(graph);
  const lanes = pipelines.map((pipeline) => laneOf(pipeline, connectors, graph));
  const links = lanes.flatMap((lane, index) => linksInto(lanes, lane, index));
  return { lanes, links, extensions: graph.extensions.map(({ id }) => id) };
}

function laneOf(pipeline: PipelineSpec, connectors: ReadonlySet<string>, graph: GraphSpec): Lane {
  const processors = new Set(graph.processors.map(({ id }) => id));
  const receivers = new Set(graph.receivers.map(({ id }) => id));
  const end = (id: string, kind: BoxKind): Box => ({ id, kind: connectors.has(id) ? "connector" : kind });
  const source = (id: string): Box => {
    const isAlertSource = pipeline.signal === "alerts" && processors.has(id) && !receivers.has(id);
    return isAlertSource ? { id, kind: "alerts" } : end(id, "receiver");
  };
  return {
    id: pipeline.id,
    title: pipeline.isOff === true ? `${pipeline.id} (switched off)` : pipeline.id,
    signal: pipeline.signal,
    receivers: pipeline.receivers.map(source),
    processors: pipeline.processors.map((id): Box => ({ id, kind: "processor" })),
    exporters: pipeline.exporters.map((id) => end(id, "exporter")),
  };
}

function linksInto(lanes: readonly Lane[], lane: Lane, laneIndex: number): Link[] {
  return lane.receivers.flatMap((receiver, index) => {
    const to: Place = { lane: laneIndex, row: "receivers", index };
    if (receiver.kind === "connector")
      return placesOf(lanes, "exporters", receiver.id).map((from): Link => ({ kind: "connector", from, to }));
    if (receiver.kind === "alerts") return placesOf(lanes, "processors", receiver.id).map((from): Link => ({ kind: "alerts", from, to }));
    return [];
  });
}

function placesOf(lanes: readonly Lane[], row: "processors" | "exporters", id: string): Place[] {
  return lanes.flatMap((lane, index) => lane[row].flatMap((box, at) => (box.id === id ? [{ lane: index, row, index: at }] : [])));
}
