import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { platform } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { childrenOf } from "../lib/process-tree.ts";
import { startNode } from "../lib/child.ts";
import { startCollector, type Collector } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";
import { startWebhookServer, type WebhookServer } from "../lib/reference-server.ts";
import { listen } from "../lib/server-io.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A back end that answers with `status`. */
interface BackEnd {
  status: number;
  readonly url: string;
}

interface Told {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly fingerprint: string;
}

async function startBackEnd(): Promise<BackEnd> {
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(backEnd.status, { "content-type": "application/x-protobuf" }).end());
  });
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const backEnd: BackEnd = { status: 200, url: `http://127.0.0.1:${await listen(server)}` };
  return backEnd;
}

/** Self-alerts go to the webhook; `exporter` is more of the exporter's configuration. */
const yaml = (backEnd: BackEnd, hook: string, exporter: string, selfAlerts = ""): string => `
receivers:
  self_alerts: { interval: 200ms, keep_firing_for: 500ms, exporter_failed: { resolve_after: 2s }, queue_growing: { for: 500ms } ${selfAlerts} }
exporters:
  otlp_http: { endpoint: "${backEnd.url}", ${exporter} }
  webhook: { url: "${hook}", sending_queue: { num_consumers: 1 } }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp_http] }
    logs/self: { receivers: [self_alerts], exporters: [webhook] }
`;

async function start(text: string, workers: number): Promise<Collector> {
  const collector = await startCollector(text, workers === 1 ? [] : ["--workers", String(workers)]);
  cleanups.push(() => collector.child.stop("SIGKILL"));
  return collector;
}

async function startHook(): Promise<WebhookServer> {
  const hook = await startWebhookServer();
  cleanups.push(() => hook.close());
  return hook;
}

const told = ({ bodies }: WebhookServer): Told[] => (bodies as { alerts: Told[] }[]).flatMap(({ alerts }) => alerts);
const names = (hook: WebhookServer): string[] => told(hook).map(({ status, labels }) => `${status} ${labels["alertname"]}`);

async function post({ http }: Collector, requests: number): Promise<void> {
  const body = JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "1".repeat(32), spanId: "1".repeat(16), name: "op" }] }] }],
  });
  const headers = { "content-type": "application/json", connection: "close" };
  await Promise.all(
    Array.from({ length: requests }, async () => (await fetch(`${http}/v1/traces`, { method: "POST", headers, body })).text()),
  );
}

async function reload(collector: Collector, text: string): Promise<void> {
  await writeFile(collector.file, text);
  collector.child.process.kill("SIGHUP");
}

const GIVES_UP = "retry_on_failure: { enabled: false }";
const INSISTS = "retry_on_failure: { initial_interval: 100ms, max_interval: 200ms, circuit_breaker: { half_open_after: 200ms } }";

describe.each(platform() === "linux" ? [1, 2] : [1])("self_alerts with %i workers", (workers) => {
  it("tell once that an exporter gives data up, through reloads, and once that it works again", async () => {
    const [backEnd, hook] = [await startBackEnd(), await startHook()];
    const collector = await start(yaml(backEnd, hook.url, GIVES_UP), workers);
    await post(collector, 4);
    backEnd.status = 503;
    await post(collector, 4);
    const failedAt = Date.now();
    await eventually("the alert", () => told(hook).length > 0);
    expect(Date.now() - failedAt).toBeLessThan(1500);
    for (let round = 0; round < 5; round++) {
      await reload(
        collector,
        yaml(backEnd, hook.url, `${GIVES_UP}, timeout: ${10 + round}s`, `, labels: {}, repeat_interval: ${round + 1}h`),
      );
      await post(collector, 4);
      await sleep(300);
    }
    expect(names(hook)).toEqual(["firing ExporterFailed"]);
    expect(told(hook)[0]).toMatchObject({
      labels: { exporter: "otlp_http", severity: "critical", service_name: "tidemark" },
      annotations: { reason_code: "retries_exhausted", fix: expect.stringContaining("Mend the destination") as string },
    });
    backEnd.status = 200;
    await post(collector, 4);
    await eventually("its end", () => told(hook).length > 1);
    expect(names(hook)).toEqual(["firing ExporterFailed", "resolved ExporterFailed"]);
    const [first, last] = told(hook);
    expect([last?.fingerprint, last?.startsAt]).toEqual([first?.fingerprint, first?.startsAt]);
    expect(await collector.stop()).toBe(0);
  }, 60_000);

  it("tell that a queue fills up while the back end is away, and that it is empty again", async () => {
    const [backEnd, hook] = [await startBackEnd(), await startHook()];
    const collector = await start(yaml(backEnd, hook.url, `${INSISTS}, sending_queue: { queue_size: 20 }`), workers);
    backEnd.status = 503;
    await post(collector, 60);
    await eventually("the alert", () => told(hook).length > 0);
    expect(told(hook)[0]).toMatchObject({
      labels: { alertname: "QueueGrowing", exporter: "otlp_http" },
      annotations: { reason_code: "queue_full" },
    });
    await sleep(1000);
    backEnd.status = 200;
    await eventually("its end", () => told(hook).length > 1);
    await sleep(500);
    expect(names(hook)).toEqual(["firing QueueGrowing", "resolved QueueGrowing"]);
    expect(await collector.stop()).toBe(0);
  }, 60_000);

  it("tell that a configuration was rejected, without its values, until one is taken", async () => {
    const [backEnd, hook] = [await startBackEnd(), await startHook()];
    const good = yaml(backEnd, hook.url, GIVES_UP);
    const collector = await start(good, workers);
    await reload(collector, yaml(backEnd, hook.url, "headers: { token: s3cr3t }, no_such_field: s3cr3t"));
    await eventually("the alert", () => told(hook).length > 0);
    collector.child.process.kill("SIGHUP");
    await sleep(600);
    expect(names(hook)).toEqual(["firing ConfigReloadFailed"]);
    expect(told(hook)[0]?.annotations).toMatchObject({
      reason_code: "config_reload_failed",
      error: expect.stringMatching(/pipeline\.yaml:\d+:\d+ CFG_UNKNOWN_FIELD$/) as string,
    });
    expect(JSON.stringify(hook.bodies)).not.toContain("s3cr3t");
    await reload(collector, good);
    await eventually("its end", () => told(hook).length > 1);
    expect(names(hook)).toEqual(["firing ConfigReloadFailed", "resolved ConfigReloadFailed"]);
    expect(await collector.stop()).toBe(0);
  }, 60_000);
});

describe.skipIf(platform() !== "linux")("self_alerts when the first worker dies", () => {
  it("go on in the one that takes its place", async () => {
    const [backEnd, hook] = [await startBackEnd(), await startHook()];
    const collector = await start(
      yaml(backEnd, hook.url, GIVES_UP, ", exporter_failed: { resolve_after: 5s }").replace("exporter_failed: { resolve_after: 2s }, ", ""),
      2,
    );
    backEnd.status = 503;
    await post(collector, 4);
    await eventually("the alert", () => told(hook).length > 0);
    await sleep(500);
    const [first = 0] = childrenOf(collector.child.process.pid);
    process.kill(first, "SIGKILL");
    await eventually("the end of the alert", () => told(hook).length > 1);
    expect(names(hook)).toEqual(["firing ExporterFailed", "resolved ExporterFailed"]);
    expect(told(hook)[1]?.startsAt).toBe(told(hook)[0]?.startsAt);
    expect(await collector.stop()).toBe(0);
  }, 60_000);
});

describe("pipelines/self-alerts.yaml", () => {
  it("is valid", async () => {
    const child = startNode(["packages/collector/bin/tidemark.js", "validate", "pipelines/self-alerts.yaml"]);
    expect([await child.ended, child.lines]).toEqual([0, ["pipelines/self-alerts.yaml: valid"]]);
  });
});
