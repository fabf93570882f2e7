import { describe, expect, it } from "vitest";
import { loadText } from "./testing/load.ts";

const CHAT = `
receivers:
  otlp:
    protocols:
      grpc:
      http: { endpoint: 0.0.0.0:4318 }
processors:
  batch:
  ewma_threshold/latency: { metric: latency }
connectors:
  span_metrics:
exporters:
  debug: { verbosity: detailed }
  otlphttp/backend: { endpoint: "http://backend:4318" }
extensions:
  health_check/a:
  health_check/b:
service:
  extensions: [health_check/b, health_check/a]
  telemetry: { logs: { level: debug } }
  pipelines:
    traces: { receivers: [otlp], processors: [batch], exporters: [span_metrics, otlphttp/backend] }
    metrics: { receivers: [otlp, span_metrics], processors: [ewma_threshold/latency], exporters: [debug] }
    alerts: { receivers: [ewma_threshold/latency], exporters: [debug] }
`;

describe("loadConfig", () => {
  it("switches the alerts pipelines off by service::alerts, and no other", async () => {
    const result = await loadText(CHAT.replace("service:\n", "service:\n  alerts: { enabled: false }\n"));
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics, null, 1));
    expect(result.config.graph.pipelines.map(({ id, isOff }) => [id, isOff])).toEqual([
      ["traces", undefined],
      ["metrics", undefined],
      ["alerts", true],
    ]);
  });

  it("makes a graph out of a file with every kind of component", async () => {
    const result = await loadText(CHAT);
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics, null, 1));
    const { graph, telemetry, warnings } = result.config;
    expect(graph.receivers).toMatchObject([
      {
        id: "otlp",
        config: { protocols: { grpc: { endpoint: "localhost:4317", include_metadata: false }, http: { endpoint: "0.0.0.0:4318" } } },
      },
    ]);
    expect(graph.processors.map(({ id, config }) => [id, config])).toMatchObject([
      ["batch", { timeout: 200, send_batch_size: 8192 }],
      ["ewma_threshold/latency", { metric: "latency", factor: 3 }],
    ]);
    expect(graph.exporters.map(({ id, definition }) => [id, definition.type])).toEqual([
      ["debug", "debug"],
      ["otlphttp/backend", "otlp_http"],
    ]);
    expect(graph.pipelines).toContainEqual({
      id: "metrics",
      signal: "metrics",
      receivers: ["otlp", "span_metrics"],
      processors: ["ewma_threshold/latency"],
      exporters: ["debug"],
    });
    expect(graph.extensions.map(({ id }) => id)).toEqual(["health_check/b", "health_check/a"]);
    expect(telemetry.logs).toMatchObject({ level: "DEBUG", encoding: "console", output_paths: ["stderr"] });
    expect(telemetry.metrics.readers[0]?.pull?.exporter.prometheus).toMatchObject({
      host: "localhost",
      port: 8888,
      without_type_suffix: true,
    });
    expect(warnings.map(({ code, line, column }) => [code, line, column])).toEqual([["CFG_DEPRECATED_TYPE", 14, 3]]);
  });
});
