import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { context as activeContext, type Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { TracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCollector, type Collector } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";
import { startReferenceServer, startWebhookServer, type ReferenceServer, type WebhookServer } from "../lib/reference-server.ts";

const run = promisify(execFile);
const ROOM = "room-7";
const AGENT = "chat-app/3.1 (Android)";

let backend: ReferenceServer;
let webhook: WebhookServer;
let collector: Collector;

beforeAll(async () => {
  backend = await startReferenceServer();
  webhook = await startWebhookServer();
  collector = await startCollector(`
processors:
  context_attach: {}
  ewma_threshold: { match: { metrics: [span.duration] }, min_samples: 5, min_duration: 0s, multiplier: 3 }
  probabilistic_sampler: { mode: proportional, sampling_percentage: 25 }
  batch: { timeout: 50ms }
exporters:
  otlp_grpc: { endpoint: "127.0.0.1:${backend.grpcPort}", tls: { insecure: true } }
  otlp_http: { endpoint: "http://127.0.0.1:${backend.httpPort}" }
  webhook: { url: "${webhook.url}" }
service:
  pipelines:
    traces: { receivers: [otlp], processors: [context_attach, ewma_threshold, probabilistic_sampler, batch], exporters: [otlp_grpc, otlp_http] }
    alerts: { receivers: [ewma_threshold], exporters: [webhook] }
`);
}, 40_000);

afterAll(async () => {
  expect(await collector.stop()).toBe(0);
  await backend.close();
  await webhook.close();
});

/** One span of a given length in a room, and its trace id. */
function recordSpan(tracer: Tracer, room: string, lengthMs: number): string {
  const start = Date.now();
  const span = tracer.startSpan(
    "deliver message",
    { startTime: start, attributes: { room_id: room, user_agent: AGENT } },
    activeContext.active(),
  );
  span.end(start + lengthMs);
  return span.spanContext().traceId;
}

/** Whether a trace id passes 25 % consistent sampling: its low 56 bits are at least 0xc0000000000000 (OTEP 235). */
const isSampled = (traceId: string): boolean => traceId.slice(18) >= "c0000000000000";

describe.each([
  ["gRPC", () => new GrpcExporter({ url: collector.grpc })],
  ["HTTP with protobuf", () => new ProtoExporter({ url: `${collector.http}/v1/traces` })],
  ["HTTP with JSON", () => new JsonExporter({ url: `${collector.http}/v1/traces` })],
])("an OpenTelemetry SDK over %s", (name, makeExporter) => {
  it("sees its sampled spans at both back ends and its slow one in an alert", async () => {
    const service = `chat-${name.replaceAll(" ", "-")}`;
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ "service.name": service }),
      spanProcessors: [new SimpleSpanProcessor({ exporter: makeExporter() })],
    });
    const tracer = provider.getTracer("e2e");
    const normal: string[] = [];
    for (let index = 0; index < 80; index++) {
      normal.push(recordSpan(tracer, `room-${index % 5}`, 20));
      if (index % 20 === 19) await provider.forceFlush();
    }
    await provider.forceFlush();
    const slow = recordSpan(tracer, ROOM, 900);
    const slowAt = Date.now();
    await provider.forceFlush();

    const alert = await eventually("the alert", () => alertOf(service));
    expect(Date.now() - slowAt).toBeLessThan(1000);
    expect(alert).toMatchObject({ status: "firing", annotations: { trace_id: slow, room_id: ROOM, user_agent: AGENT } });

    const expected = normal.filter(isSampled);
    const arrived = await eventually("the sampled spans", () => {
      const spans = backend.spans.filter((span) => span.service === service && span.name === "deliver message" && span.traceId !== slow);
      return spans.length >= 2 * expected.length && spans;
    });
    expect(arrived.map((span) => span.traceId).toSorted()).toEqual([...expected, ...expected].toSorted());
    expect(new Set(arrived.map((span) => span.traceState))).toEqual(new Set(["ot=th:c"]));
    await provider.shutdown();
  });
});

describe("curl with JSON", () => {
  it("is answered as OTLP asks; its sampled span arrives, and its slow one is in an alert", async () => {
    const normal = Array.from({ length: 30 }, (_, index) => jsonSpan(hexId(index, 32), 20));
    const kept = "0AF7651916CD43DDffffffffffffffff";
    const { stdout } = await curl([...normal, jsonSpan(kept, 20)]);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(stdout.toLowerCase()).toContain("content-type: application/json");
    expect(stdout.split("\r\n\r\n").at(-1)).toBe("{}");
    const span = await eventually("the span", () => backend.spans.find(({ service }) => service === "curl"));
    expect(span).toMatchObject({ traceId: kept.toLowerCase(), name: "by hand", traceState: "ot=th:c" });

    const slow = hexId(77, 32);
    await curl([jsonSpan(slow, 900)]);
    const alert = await eventually("the alert", () => alertOf("curl"));
    expect(alert).toMatchObject({ status: "firing", annotations: { trace_id: slow, room_id: ROOM, user_agent: AGENT } });
  });
});

const hexId = (index: number, digits: number): string => (index + 1).toString(16).padStart(digits, "0");

function jsonSpan(traceId: string, lengthMs: number): object {
  const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  const start = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId,
    spanId: "b7ad6b7169203331",
    name: "by hand",
    kind: 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(lengthMs) * 1_000_000n),
    attributes: [text("room_id", ROOM), text("user_agent", AGENT)],
  };
}

/** Posts spans of the service "curl" with the real curl. */
async function curl(spans: readonly object[]): Promise<{ stdout: string }> {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "curl" } }] };
  const folder = await mkdtemp(join(tmpdir(), "tidemark-curl-"));
  try {
    const file = join(folder, "body.json");
    await writeFile(file, JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }));
    return await run("curl", [
      "-sS",
      "-i",
      "-H",
      "content-type: application/json",
      "--data-binary",
      `@${file}`,
      `${collector.http}/v1/traces`,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface WebhookBody {
  readonly alerts?: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

function alertOf(service: string): NonNullable<WebhookBody["alerts"]>[number] | undefined {
  return (webhook.bodies as WebhookBody[])
    .flatMap(({ alerts = [] }) => alerts)
    .find(({ labels }) => Object.values(labels).includes(service));
}
