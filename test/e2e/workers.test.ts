import { platform } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { metrics, traces } from "@tidemark/otlp/testing";
import { afterEach, describe, expect, it } from "vitest";
import { startNode, type Child } from "../lib/child.ts";
import { spawnCollector, startCollector, type Collector, type PortedYaml } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";
import type { LoadReport } from "../lib/loadgen.ts";
import { seriesOf } from "../lib/metrics-page.ts";
import { childrenOf, cpuSeconds, processTree } from "../lib/process-tree.ts";
import { httpSender, type OtlpSender } from "../lib/otlp-senders.ts";
import { startWebhookServer, type WebhookServer } from "../lib/reference-server.ts";
import { missingAt } from "../lib/sink-client.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(yaml: string | PortedYaml, workers: number): Promise<Collector> {
  const collector = await startCollector(yaml, ["--workers", String(workers)]);
  cleanups.push(() => collector.child.stop("SIGKILL"));
  return collector;
}

async function startSink(): Promise<{ child: Child; http: string }> {
  const child = startNode(["test/lib/sink.ts"]);
  cleanups.push(() => child.stop());
  const { http } = JSON.parse(await child.line(/^\{/)) as { http: number };
  return { child, http: `http://127.0.0.1:${http}` };
}

async function load(target: string, protocol: "http" | "grpc", sender: number, seconds: number): Promise<LoadReport> {
  const more = ["--seconds", String(seconds), "--sender", String(sender), "--items", "20", "--concurrency", "4"];
  const child = startNode(["test/lib/loadgen.ts", "--target", target, "--protocol", protocol, ...more]);
  cleanups.push(() => child.stop());
  return JSON.parse(await child.line(/^\{/)) as LoadReport;
}

const acknowledged = (reports: readonly LoadReport[]): number => reports.reduce((sum, report) => sum + report.acknowledged, 0);

function missing(sink: string, reports: readonly LoadReport[]): Promise<number> {
  return missingAt(
    sink,
    reports.flatMap(({ ranges }) => ranges),
  );
}

const acknowledgedByTheSink = (sink: string, telemetry = "{}"): string => `
processors: { context_attach: {} }
exporters: { otlp_http: { endpoint: "${sink}", sending_queue: { enabled: false }, retry_on_failure: { enabled: false } } }
service:
  telemetry: ${telemetry}
  pipelines: { traces: { receivers: [otlp], processors: [context_attach], exporters: [otlp_http] } }
`;

describe.skipIf(platform() !== "linux")("tidemark run --workers 2", () => {
  it("shares both ports between its workers, and has one health answer and one metrics page", async () => {
    const sink = await startSink();
    let port = 0;
    const write = ([free = 0]: readonly number[]): string => {
      port = free;
      const reader = `{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${port} } } } }`;
      return acknowledgedByTheSink(sink.http, `{ metrics: { level: normal, readers: [${reader}] } }`);
    };
    const collector = await start({ ports: 1, write }, 2);
    expect(childrenOf(collector.child.process.pid)).toHaveLength(2);
    const reports = [
      await load(collector.http, "http", 1, 0.5),
      ...(await Promise.all([load(collector.grpc, "grpc", 2, 0.5), load(collector.grpc, "grpc", 3, 0.5)])),
    ];
    const sent = acknowledged(reports);
    expect(sent).toBeGreaterThan(0);
    expect(reports.map(({ refused }) => refused)).toEqual([{}, {}, {}]);
    expect(await missing(sink.http, reports)).toBe(0);

    const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const text = await page();
    const accepted = ["http", "grpc"].map((transport) => seriesOf(text, "otelcol_receiver_accepted_spans", { transport }) ?? 0);
    expect(accepted).toEqual([reports[0]?.acknowledged, sent - (reports[0]?.acknowledged ?? 0)]);
    expect(seriesOf(text, "otelcol_exporter_sent_spans")).toBe(sent);
    // Reports of the workers come once a second.
    let shares: number[] = [];
    while (shares.reduce((sum, share) => sum + share, 0) < sent) {
      const now = await page();
      shares = ["0", "1"].map((worker) => seriesOf(now, "tidemark_worker_received_items", { worker }) ?? 0);
      await sleep(100);
    }
    for (const share of shares) expect(share).toBeGreaterThan(sent / 10);
    expect((await fetch(collector.health)).status).toBe(200);

    expect(await collector.stop()).toBe(0);
    expect(collector.child.lines.filter((line) => line.includes("Stopped."))).toEqual([
      expect.stringMatching(new RegExp(`Stopped\\. received=${sent} alerts=0 delivered=${sent} refused=0 failed=0$`)),
    ]);
  });

  it("replaces a worker that was killed under load, is red meanwhile, and loses nothing that it acknowledged", async () => {
    const sink = await startSink();
    const collector = await start(acknowledgedByTheSink(sink.http), 2);
    const loading = Promise.all([
      load(collector.http, "http", 1, 3),
      load(collector.grpc, "grpc", 2, 3),
      load(collector.grpc, "grpc", 3, 3),
    ]);
    await sleep(1000);
    const [, second] = childrenOf(collector.child.process.pid);
    process.kill(second ?? 0, "SIGKILL");
    const answers: string[] = [];
    await eventually("red health", async () => {
      const answer = await fetch(collector.health);
      answers.push(await answer.text());
      return answer.status === 503;
    });
    expect(answers.at(-1)).toMatch(/worker\/\d: ended by SIGKILL/);
    await eventually("green health", async () => (await fetch(collector.health)).ok);
    await collector.child.line(/error A worker ended; another one takes its place\. worker=\d pid=\d+ reason=SIGKILL pause_ms=0/);
    expect(childrenOf(collector.child.process.pid)).toHaveLength(2);
    const reports = await loading;
    expect(acknowledged(reports)).toBeGreaterThan(1000);
    expect(await missing(sink.http, reports)).toBe(0);
    // It serves again, over both protocols.
    expect((await load(collector.grpc, "grpc", 4, 0.3)).refused).toEqual({});
    expect((await load(collector.http, "http", 5, 0.3)).refused).toEqual({});
    expect(await collector.stop()).toBe(0);
  }, 60_000);

  it("lets its workers stop cleanly when the supervisor is killed", async () => {
    const sink = await startSink();
    const collector = await start(acknowledgedByTheSink(sink.http), 2);
    const workers = childrenOf(collector.child.process.pid);
    process.kill(collector.child.process.pid ?? 0, "SIGKILL");
    for (const worker of workers) await eventually(`the end of ${worker}`, () => !isRunning(worker));
  });

  it.each([200, 350, 500, 650, 800])("leaves no worker behind when the supervisor is killed %d ms after its start", async (delayMs) => {
    const { child } = await spawnCollector(acknowledgedByTheSink("http://127.0.0.1:9"), ["--workers", "2"]);
    cleanups.push(() => child.stop("SIGKILL"));
    await sleep(delayMs);
    const workers = childrenOf(child.process.pid);
    await child.stop("SIGKILL");
    for (const worker of workers) await eventually(`the end of ${worker}`, () => !isRunning(worker));
  });

  it("goes on when nobody reads what it prints any more", async () => {
    const sink = await startSink();
    const collector = await start(acknowledgedByTheSink(sink.http), 2);
    const { pid = 0, stdout, stderr } = collector.child.process;
    for (const output of [stdout, stderr]) output?.destroy();
    process.kill(pid, "SIGHUP");
    const before = await load(collector.http, "http", 1, 0.5);
    const used = cpuSeconds(processTree(pid));
    await sleep(1000);
    expect(cpuSeconds(processTree(pid)) - used).toBeLessThan(0.7);
    expect(await missing(sink.http, [before])).toBe(0);
    expect(await collector.stop()).toBe(0);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the same input to one worker and to two", () => {
  it("gives the same alerts, with evidence, whatever connection a series and its traces came over", async () => {
    const found = await Promise.all([1, 2].map((workers) => alertsOf(workers)));
    const expected = Array.from({ length: SERIES }, (_, series) => ({
      status: "firing",
      type: `type-${series}`,
      trace_id: traceId(series, LAST),
      room_id: roomId(series, LAST),
    }));
    expect(found).toEqual([expected, expected]);
  });
});

const SERIES = 8;
/** Number of the point that is out of the ordinary. */
const LAST = 5;
const traceId = (series: number, at: number): string => `${series}${at}`.padStart(32, "a7");
const roomId = (series: number, at: number): string => `room-${series}-${at}`;

interface SeenAlert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Sends eight series, each with a slow trace behind its last point, and gives the alerts in the order of their series. */
async function alertsOf(workers: number): Promise<readonly object[]> {
  const webhook: WebhookServer = await startWebhookServer();
  cleanups.push(() => webhook.close());
  const collector = await start(
    `
processors:
  context_attach: { evidence: { correlate: [chat.type] } }
  ewma_threshold: { match: { metrics: [chat.latency] }, min_samples: 3, multiplier: 3 }
exporters:
  webhook: { url: "${webhook.url}" }
  debug: {}
service:
  pipelines:
    traces: { receivers: [otlp], processors: [context_attach], exporters: [debug] }
    metrics: { receivers: [otlp], processors: [ewma_threshold], exporters: [debug] }
    alerts: { receivers: [ewma_threshold], exporters: [webhook] }
`,
    workers,
  );
  const senders = Array.from({ length: 4 }, () => ({
    traces: httpSender(collector.http, "traces", 1),
    metrics: httpSender(collector.http, "metrics", 1),
  }));
  let turn = 0;
  const send = async (signal: "traces" | "metrics", body: Uint8Array): Promise<void> => {
    const sender = senders[turn++ % senders.length]?.[signal] as OtlpSender;
    expect(await sender.send(Buffer.from(body))).toBeUndefined();
  };
  const startNano = BigInt(Date.now()) * 1_000_000n;
  for (let at = 0; at <= LAST; at++) {
    for (let series = 0; series < SERIES; series++) {
      const value = at === LAST ? 900 : 20;
      await send("traces", spanOf(series, at, value, startNano));
      const point = { value, timeUnixNano: startNano + BigInt(at) * 1_000_000_000n, attributes: { "chat.type": `type-${series}` } };
      const resource = { "service.name": "chat" };
      await send("metrics", metrics({ resource, metrics: [{ name: "chat.latency", unit: "ms", gauge: [point] }] }).encode());
    }
  }
  for (const { traces: a, metrics: b } of senders) {
    a.close();
    b.close();
  }
  const alerts = await eventually("eight alerts", () => {
    const all = webhook.bodies.flatMap((body) => (body as { alerts: SeenAlert[] }).alerts);
    return all.length >= SERIES && all;
  });
  expect(await collector.stop()).toBe(0);
  return alerts
    .map(({ status, labels, annotations: { trace_id, room_id } }) => ({
      status,
      type: labels["chat.type"] ?? labels["chat_type"],
      trace_id,
      room_id,
    }))
    .toSorted((a, b) => String(a.type).localeCompare(String(b.type)));
}

function spanOf(series: number, at: number, durationMs: number, startNano: bigint): Uint8Array {
  const span = {
    name: "deliver",
    traceId: traceId(series, at),
    spanId: `${series}${at}`.padStart(16, "b"),
    startTimeUnixNano: startNano + BigInt(at) * 1_000_000_000n,
    durationMs,
    attributes: { "chat.type": `type-${series}`, room_id: roomId(series, at) },
  };
  return traces({ resource: { "service.name": "chat" }, spans: [span] }).encode();
}
