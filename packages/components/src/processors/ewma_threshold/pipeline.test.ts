import { decodeAlert } from "@tidemark/alerting";
import type { Alert } from "@tidemark/alerting";
import { buildGraph, PipelineError } from "@tidemark/core";
import { fakeSink, fakeSource, testDelivery, testEnvironment, VirtualClock } from "@tidemark/core/testing";
import type { Batch } from "@tidemark/otlp";
import { metrics, traces } from "@tidemark/otlp/testing";
import { expect, it } from "vitest";
import { contextAttachConfig } from "../context_attach/config.ts";
import { contextAttachProcessor } from "../context_attach/index.ts";
import { ewmaThresholdConfig } from "./config.ts";
import { ewmaThresholdProcessor } from "./index.ts";

const SECOND = 1_000_000_000n;
const START = 1_760_000_000n * SECOND;
const resource = { "service.name": "chat-gateway" };
const SLOW = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  durationMs: 900,
  attributes: { room_id: "room-42", "user_agent.original": "ChatApp/5.1" },
};

function graph(alertsRefused: () => boolean) {
  const source = fakeSource();
  const telemetry = fakeSink();
  const alerts = fakeSink((batch: Batch) => {
    if (batch.signal === "logs" && alertsRefused()) throw PipelineError.unavailable("not now");
  });
  const clock = new VirtualClock();
  const ewma = "ewma_threshold/latency";
  const built = buildGraph(
    {
      receivers: [{ id: "test_source", definition: source.definition, config: {} }],
      processors: [
        { id: "context_attach", definition: contextAttachProcessor, config: contextAttachConfig.parse({}) },
        {
          id: ewma,
          definition: ewmaThresholdProcessor,
          config: ewmaThresholdConfig.parse({ min_samples: 3, match: { metrics: ["chat.latency"] } }),
        },
      ],
      connectors: [],
      exporters: [
        { id: "test_sink/telemetry", definition: telemetry.definition, config: {} },
        { id: "test_sink/alerts", definition: alerts.definition, config: {} },
      ],
      extensions: [],
      pipelines: [
        { id: "traces", signal: "traces", receivers: ["test_source"], processors: ["context_attach"], exporters: ["test_sink/telemetry"] },
        { id: "metrics", signal: "metrics", receivers: ["test_source"], processors: [ewma], exporters: ["test_sink/telemetry"] },
        { id: "alerts", signal: "alerts", receivers: [ewma], processors: [], exporters: ["test_sink/alerts"] },
      ],
    },
    testEnvironment({ clock }),
  );
  const point = (value: number, at: number): void =>
    source.push(
      testDelivery(
        metrics({
          resource,
          metrics: [{ name: "chat.latency", unit: "ms", gauge: [{ value, timeUnixNano: START + BigInt(at) * SECOND }] }],
        }),
      ),
    );
  return { built, source, telemetry, alerts, clock, point };
}

function decode(batches: readonly Batch[]): Alert[] {
  const found: Alert[] = [];
  for (const batch of batches) {
    if (batch.signal !== "logs") continue;
    const records = batch.items();
    while (records.next()) found.push(decodeAlert(records) as Alert);
  }
  return found;
}

it("brings the trace of a slow span into the alert of a metric, through a whole graph", async () => {
  let refused = true;
  const { built, source, telemetry, alerts, clock, point } = graph(() => refused);
  await built.start();
  for (let i = 0; i < 5; i++) {
    source.push(testDelivery(traces({ resource, spans: [{ durationMs: 50 }] })));
    point(100, i * 10);
    await clock.advance(10_000);
  }
  source.push(testDelivery(traces({ resource, spans: [SLOW, { durationMs: 40 }] })));
  point(300, 50);
  await clock.advance(10);
  expect(alerts.items()).toBe(0);
  refused = false;
  await clock.advance(60_000);
  point(100, 60);
  await clock.advance(10);
  expect(decode(alerts.batches)).toMatchObject([
    {
      status: "firing",
      value: 300,
      threshold: 150,
      evidence: { traceId: SLOW.traceId, spanId: SLOW.spanId, roomId: "room-42", userAgent: "ChatApp/5.1" },
    },
    { status: "resolved", value: 100, evidence: { traceId: SLOW.traceId } },
  ]);
  expect(telemetry.items()).toBe(5 + 2 + 7);
  const stopped = built.shutdown(new AbortController().signal);
  await clock.advance(1000);
  await stopped;
  expect(built.ledger().violations).toEqual([]);
  expect(clock.pending).toBe(0);
});
