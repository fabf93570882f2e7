import type { GraphSpec } from "@tidemark/core";
import { forwardConnector } from "@tidemark/components/connectors/forward";
import { describe, expect, it } from "vitest";
import { drawingOf } from "./drawing.ts";
import { escapeLabel, toMermaid } from "./mermaid.ts";
import { toSvg } from "./svg.ts";

function components(...ids: string[]): never[] {
  return ids.map((id) => ({ id }) as never);
}

/** All that a drawing can show: fan-out, a connector below another exporter, alerts from one pipeline to another, long names. */
const GRAPH: GraphSpec = {
  receivers: components("otlp"),
  processors: components("memory_limiter", "batch", "ewma_threshold/latency", "cardinality_limit"),
  connectors: [{ id: "forward/archive", definition: forwardConnector, config: {} }],
  exporters: components("otlp_http/backend", "debug", "wecom", "file"),
  extensions: components("health_check"),
  pipelines: [
    { id: "alerts", signal: "alerts", receivers: ["ewma_threshold/latency"], processors: [], exporters: ["wecom", "debug"] },
    {
      id: "traces/archive",
      signal: "traces",
      receivers: ["otlp", "forward/archive"],
      processors: ["batch"],
      exporters: ["file"],
    },
    {
      id: "traces",
      signal: "traces",
      receivers: ["otlp"],
      processors: ["memory_limiter", "batch"],
      exporters: ["otlp_http/backend", "forward/archive", "debug"],
    },
    {
      id: "metrics/chat",
      signal: "metrics",
      receivers: ["otlp"],
      processors: ["memory_limiter", "cardinality_limit", "ewma_threshold/latency"],
      exporters: ["otlp_http/backend"],
    },
  ],
};

it("says which pipelines are switched off", () => {
  const { lanes } = drawingOf({
    ...GRAPH,
    pipelines: GRAPH.pipelines.map((each) => (each.signal === "alerts" ? { ...each, isOff: true } : each)),
  });
  expect(lanes.filter(({ signal }) => signal === "alerts").map(({ title }) => title)).toEqual(["alerts (switched off)"]);
  expect(toMermaid(drawingOf({ ...GRAPH, pipelines: GRAPH.pipelines.map((each) => ({ ...each, isOff: true })) }))).toContain(
    '"alerts (switched off)"',
  );
});

describe("drawingOf", () => {
  it("puts pipelines that feed others above them and finds the links", () => {
    const drawing = drawingOf(GRAPH);
    expect(drawing.lanes.map(({ id }) => id)).toEqual(["metrics/chat", "alerts", "traces", "traces/archive"]);
    expect(drawing.links).toEqual([
      { kind: "alerts", from: { lane: 0, row: "processors", index: 2 }, to: { lane: 1, row: "receivers", index: 0 } },
      { kind: "connector", from: { lane: 2, row: "exporters", index: 1 }, to: { lane: 3, row: "receivers", index: 1 } },
    ]);
    expect(drawing.lanes[1]?.receivers).toEqual([{ id: "ewma_threshold/latency", kind: "alerts" }]);
    expect(drawing.lanes[3]?.receivers.map(({ kind }) => kind)).toEqual(["receiver", "connector"]);
  });

  it("draws a receiver of an alerts pipeline as a receiver when it is one", () => {
    const graph: GraphSpec = {
      ...GRAPH,
      pipelines: [{ id: "alerts", signal: "alerts", receivers: ["otlp"], processors: [], exporters: ["debug"] }],
    };
    expect(drawingOf(graph).lanes[0]?.receivers).toEqual([{ id: "otlp", kind: "receiver" }]);
  });
});

describe("the renderers", () => {
  it("write the golden Mermaid chart", async () => {
    await expect(toMermaid(drawingOf(GRAPH))).toMatchFileSnapshot("testdata/graph.mmd");
  });

  it("write the golden SVG picture", async () => {
    await expect(toSvg(drawingOf(GRAPH))).toMatchFileSnapshot("testdata/graph.svg");
  });

  it("let no label break out of its place", () => {
    const hostile = 'batch/"]:::x</text><script>alert(1)</script>&';
    const drawing = drawingOf({
      ...GRAPH,
      processors: components(hostile),
      extensions: components(hostile),
      pipelines: [{ id: `traces/${hostile}`, signal: "traces", receivers: ["otlp"], processors: [hostile], exporters: ["debug"] }],
    });
    const svg = toSvg(drawing);
    expect(svg).not.toContain("<script");
    expect(svg).not.toMatch(/&(?!#\d+;)/);
    expect(toMermaid(drawing)).not.toContain("<script");
    expect(escapeLabel('a"b#c')).toBe("a#34;b#35;c");
  });

  it("cut labels that are too long, and keep the whole id in the tip", () => {
    const id = `batch/${"n".repeat(200)}`;
    const svg = toSvg(
      drawingOf({ ...GRAPH, pipelines: [{ id: "traces", signal: "traces", receivers: [id], processors: [], exporters: ["debug"] }] }),
    );
    expect(svg).toContain(`<title>receiver ${id}</title>`);
    expect(svg).toContain(`>batch/${"n".repeat(27)}…</text>`);
  });
});
