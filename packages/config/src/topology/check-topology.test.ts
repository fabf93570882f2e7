import type { ComponentDefinition } from "@tidemark/core";
import { describe, expect, it } from "vitest";
import type { ParsedComponent, ParsedPipeline, Sections } from "../sections/sections.ts";
import { loadDefinitions } from "../docs/json-schema.ts";
import { FAKE_REGISTRY } from "../testing/fake-registry.ts";
import type { Site } from "../yaml/source-text.ts";
import { checkTopology } from "./check-topology.ts";

const DEFINITIONS = await loadDefinitions(FAKE_REGISTRY);
const SOURCE = { name: "test", text: "", order: 0 };

/** Pipelines written as `signal: receivers | processors | exporters`. */
function sections(lines: readonly string[], extra: { readonly receivers?: readonly string[] } = {}): Sections {
  let at = 0;
  const site = (): Site => ({ source: SOURCE, start: at++, end: at });
  const pipelines = lines.map((line): ParsedPipeline => {
    const [id = "", lists = ""] = line.split(": ");
    const [receivers = [], processors = [], exporters = []] = lists.split("|").map((list) => list.split(" ").filter((name) => name !== ""));
    const references = (ids: readonly string[]) => ids.map((name) => ({ id: name, site: site() }));
    const signal = id.split("/")[0] as ParsedPipeline["signal"];
    return {
      id,
      signal,
      path: `service::pipelines::${id}`,
      keySite: site(),
      receivers: references(receivers),
      processors: references(processors),
      exporters: references(exporters),
    };
  });
  const map = <D extends ComponentDefinition>(definitions: readonly D[], ids: readonly string[]): ReadonlyMap<string, ParsedComponent<D>> =>
    new Map(
      ids.map((id) => [
        id,
        {
          id,
          path: id,
          keySite: site(),
          definition: definitions.find(({ type }) => type === id.split("/")[0]),
          config: {},
          extensions: [],
        },
      ]),
    );
  return {
    receivers: map(DEFINITIONS.receivers, ["otlp", "ticks", ...(extra.receivers ?? [])]),
    processors: map(DEFINITIONS.processors, ["batch", "ewma_threshold"]),
    connectors: map(DEFINITIONS.connectors, ["span_metrics", "span_metrics/2", "watch"]),
    exporters: map(DEFINITIONS.exporters, ["debug", "otlp_http"]),
    extensions: new Map(),
    unreadable: new Set(),
    pipelines,
    extensionOrder: [],
  };
}

function findings(...lines: readonly string[]): readonly string[] {
  return checkTopology(sections(lines)).map(({ code, message }) => `${code} ${message}`);
}

describe("topology", () => {
  it.each<[string, readonly string[]]>([
    ["one pipeline", ["traces: otlp | batch | debug"]],
    ["fan-out and fan-in", ["metrics: otlp ticks | batch | debug otlp_http", "metrics/2: ticks || debug"]],
    ["a connector between signals", ["traces: otlp || span_metrics", "metrics: span_metrics || debug"]],
    ["a connector between two pipelines of one signal", ["traces/a: otlp || span_metrics", "traces/b: span_metrics || debug"]],
    [
      "one connector to several signals",
      ["traces: otlp || span_metrics", "traces/2: span_metrics || debug", "metrics: span_metrics otlp || debug"],
    ],
    [
      "a chain of connectors",
      ["traces: otlp || span_metrics", "traces/2: span_metrics || span_metrics/2", "metrics: span_metrics/2 || debug"],
    ],
    ["a detecting processor as source of alerts", ["metrics: otlp | ewma_threshold | debug", "alerts: ewma_threshold | batch | debug"]],
    ["a receiver of logs as source of alerts", ["alerts: otlp || debug"]],
    ["a detecting connector as source of alerts", ["traces: otlp || watch", "metrics: watch || debug", "alerts: watch || debug"]],
    ["a detecting connector that only detects", ["traces: otlp || watch", "alerts: watch || debug"]],
    [
      "several alerts pipelines from one detector",
      ["metrics: otlp | ewma_threshold | debug", "alerts: ewma_threshold || debug", "alerts/2: ewma_threshold || debug"],
    ],
  ])("accepts %s", (_, lines) => {
    expect(findings(...lines)).toEqual([]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    [
      "references to nothing",
      ["traces: nop | nop/2 | nop/3"],
      ['receiver "nop"', 'processor "nop/2"', 'exporter "nop/3"'].map(
        (what) => `CFG_UNDEFINED_REFERENCE service::pipelines::traces: references ${what} which is not configured`,
      ),
    ],
    [
      "an exporter as receiver",
      ["traces: debug || debug"],
      ['CFG_UNDEFINED_REFERENCE service::pipelines::traces: references receiver "debug" which is not configured'],
    ],
    [
      "a processor that stands twice",
      ["traces: otlp | batch batch | debug"],
      ['CFG_DUPLICATE_REFERENCE service::pipelines::traces: references processor "batch" multiple times'],
    ],
    [
      "a connector without way out",
      ["traces: otlp || span_metrics"],
      [
        'CFG_UNUSED_CONNECTOR service::pipelines::traces: connector "span_metrics" used as exporter in [traces] pipeline but not used in any supported receiver pipeline',
      ],
    ],
    [
      "a connector without way in",
      ["metrics: span_metrics || debug"],
      [
        'CFG_UNUSED_CONNECTOR service::pipelines::metrics: connector "span_metrics" used as receiver in [metrics] pipeline but not used in any supported exporter pipeline',
      ],
    ],
    [
      "a pair that the connector does not know",
      ["metrics: otlp || span_metrics", "traces: span_metrics || debug"],
      ["metrics", "traces"].map(
        (pipeline) =>
          `CFG_UNSUPPORTED_PAIR service::pipelines::${pipeline}: connector "span_metrics" cannot connect from metrics to traces: telemetry type is not supported`,
      ),
    ],
    [
      "one good and one bad use of a connector",
      ["traces: otlp || span_metrics", "metrics: span_metrics || debug", "logs: otlp || span_metrics debug"],
      [
        'CFG_UNSUPPORTED_PAIR service::pipelines::logs: connector "span_metrics" cannot connect from logs to metrics: telemetry type is not supported',
      ],
    ],
    [
      "a receiver of another signal",
      ["traces: ticks || debug"],
      [
        'CFG_UNSUPPORTED_SIGNAL service::pipelines::traces: failed to create "ticks" receiver for data type "traces": telemetry type is not supported',
      ],
    ],
    [
      "alerts at an exporter that takes no logs",
      ["alerts: otlp || otlp_http"],
      [
        'CFG_UNSUPPORTED_SIGNAL service::pipelines::alerts: failed to create "otlp_http" exporter for data type "logs": telemetry type is not supported',
      ],
    ],
    [
      "alerts from a receiver that gives no logs",
      ["alerts: ticks || debug"],
      [
        'CFG_UNSUPPORTED_SIGNAL service::pipelines::alerts: failed to create "ticks" receiver for data type "logs": telemetry type is not supported',
      ],
    ],
    [
      "alerts from a processor that raises none",
      ["metrics: otlp | batch | debug", "alerts: batch || debug"],
      [
        'CFG_NO_ALERT_SOURCE service::pipelines::alerts: processor "batch" raises no alerts, so it cannot be a receiver of an alerts pipeline',
      ],
    ],
    [
      "alerts from a detector that sees nothing",
      ["alerts: ewma_threshold || debug"],
      [
        'CFG_NO_ALERT_SOURCE service::pipelines::alerts: processor "ewma_threshold" sees no telemetry: no other pipeline lists it under processors',
      ],
    ],
    [
      "a processor as receiver outside alerts",
      ["metrics: ewma_threshold || debug"],
      ['CFG_UNDEFINED_REFERENCE service::pipelines::metrics: references receiver "ewma_threshold" which is not configured'],
    ],
    [
      "a pipeline that feeds itself",
      ["traces: otlp span_metrics | batch | span_metrics"],
      [
        'CFG_CYCLE cycle detected: connector "span_metrics" (traces to traces) -> processor "batch" in pipeline "traces" -> connector "span_metrics" (traces to traces)',
      ],
    ],
    [
      "a circle over two pipelines",
      ["traces/a: otlp span_metrics/2 || span_metrics", "traces/b: span_metrics || span_metrics/2"],
      [
        'CFG_CYCLE cycle detected: connector "span_metrics" (traces to traces) -> connector "span_metrics/2" (traces to traces) -> connector "span_metrics" (traces to traces)',
      ],
    ],
  ])("refuses %s", (_, lines, want) => {
    expect(findings(...lines)).toEqual(want);
  });

  it("refuses an alert source that could be two things", () => {
    const ambiguous = sections(["metrics: otlp | ewma_threshold | debug", "alerts: ewma_threshold || debug"], {
      receivers: ["ewma_threshold"],
    });
    expect(checkTopology(ambiguous)).toMatchObject([
      {
        code: "CFG_AMBIGUOUS_ID",
        message: 'service::pipelines::alerts: ambiguous ID: Found both "ewma_threshold" receiver and "ewma_threshold" processor',
      },
    ]);
  });

  it("says nothing about references into a section that could not be read", () => {
    expect(checkTopology({ ...sections(["traces: otlp || nop"]), unreadable: new Set(["exporters"]) })).toEqual([]);
  });

  it("walks long chains without recursion", () => {
    const base = sections([]);
    const definition = DEFINITIONS.connectors[0];
    const site = { source: SOURCE, start: 0, end: 0 };
    const count = 2000;
    const connectors = new Map(
      Array.from({ length: count }, (_, index) => [
        `c/${index}`,
        { id: `c/${index}`, path: "", keySite: site, definition, config: {}, extensions: [] },
      ]),
    );
    const pipelines = Array.from({ length: count + 1 }, (_, index): ParsedPipeline => ({
      id: `traces/${index}`,
      signal: "traces",
      path: "",
      keySite: site,
      receivers: [{ id: index === 0 ? "otlp" : `c/${index - 1}`, site }],
      processors: [],
      exporters: [{ id: index === count ? "debug" : `c/${index}`, site }],
    }));
    expect(checkTopology({ ...base, connectors, pipelines })).toEqual([]);
  });
});
