import { createNoopMeter } from "@opentelemetry/api";
import type { ComponentContext, Host, Logger, NodeHealth } from "@tidemark/core";
import { freePort, VirtualClock } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { healthCheckConfig, type HealthCheckConfig } from "./config.ts";
import { createHealthCheck } from "./health-check.ts";

type Health = ReturnType<Host["health"]>;

const STARTED = Date.parse("2026-08-21T09:00:00Z");
const UP: Health = { ready: true, startedAt: STARTED, nodes: [{ node: "exporter/debug", healthy: true }] };
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An exporter that has held data for so long without a success. */
function stuckFor(ms: number): NodeHealth {
  const since = STARTED + 62_500 - ms;
  return { node: "exporter/otlp_http", healthy: true, reason: "refused", trouble: { code: "sends_fail", since, stalledSince: since } };
}

function context(health: () => Health): ComponentContext {
  const clock = new VirtualClock(STARTED + 62_500);
  const ledger: Host["ledger"] = () => ({ nodes: [], edges: [], violations: [] });
  const meter = createNoopMeter();
  return { id: "health_check", kind: "extension", clock, log: silent, meter, host: { health, ledger } } as unknown as ComponentContext;
}

async function serve(health: () => Health, options: Partial<HealthCheckConfig> = {}): Promise<{ url: string; stop: () => Promise<void> }> {
  const endpoint = options.endpoint ?? `127.0.0.1:${await freePort()}`;
  const extension = createHealthCheck({ ...healthCheckConfig.parse({ endpoint }), ...options }, context(health));
  await extension.start?.();
  const stop = async (): Promise<void> => extension.shutdown?.(AbortSignal.abort());
  stops.push(stop);
  return { url: `http://${endpoint}`, stop };
}

describe("health_check", () => {
  it("answers 200 with the time since the start", async () => {
    const { url } = await serve(() => UP);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ status: "Server available", upSince: "2026-08-21T09:00:00.000Z", uptime: "1m2.5s" });
  });

  it("answers 503 until the pipelines are started, and follows the state", async () => {
    let health: Health = { ready: false, startedAt: undefined, nodes: [] };
    const { url } = await serve(() => health);
    const before = await fetch(url);
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual({
      status: "Server not available",
      reason: "the pipelines are not started",
      upSince: "0001-01-01T00:00:00Z",
      uptime: "",
    });
    health = UP;
    expect((await fetch(url)).status).toBe(200);
  });

  it("answers 503 with the node and its reason when a node makes no progress", async () => {
    const { url } = await serve(() => ({ ...UP, nodes: [{ node: "exporter/otlp_http", healthy: false, reason: "holds 5 items" }] }));
    const response = await fetch(url);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ reason: "exporter/otlp_http: holds 5 items", upSince: "2026-08-21T09:00:00.000Z" });
  });

  it("sends the configured texts, at the configured path", async () => {
    let ready = true;
    const { url } = await serve(() => ({ ...UP, ready }), { path: "/health", response_body: { healthy: "fine", unhealthy: "poor" } });
    const elsewhere = await fetch(url);
    expect(elsewhere.status).toBe(404);
    expect(await elsewhere.text()).toBe("404: the health report is at /health; there are also /health, /healthz, /liveness and /ready\n");
    expect(await (await fetch(`${url}/health?full=1`)).text()).toBe("fine");
    ready = false;
    expect(await (await fetch(`${url}/health`)).text()).toBe("poor");
  });

  it.each(["/", "/healthz", "/liveness", "/ready", "/health"])("answers 200 at %s while all is well", async (path) => {
    const { url } = await serve(() => UP);
    expect((await fetch(url + path)).status).toBe(200);
  });

  it("answers 503 everywhere but at /liveness while the collector is down: a new start would not mend the far side", async () => {
    const { url } = await serve(() => ({ ...UP, nodes: [stuckFor(61_000)] }));
    const statuses = await Promise.all(
      ["/", "/healthz", "/ready", "/health", "/liveness"].map(async (path) => (await fetch(url + path)).status),
    );
    expect(statuses).toEqual([503, 503, 503, 503, 200]);
  });

  it("reports health as services do, with a reason code", async () => {
    const { url } = await serve(() => ({ ...UP, nodes: [stuckFor(11_000), { node: "exporter/debug", healthy: true }] }));
    const response = await fetch(`${url}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      service: "tidemark",
      status: "DEGRADED",
      reason_code: "sends_fail",
      details: {
        uptime_seconds: 63,
        held_items: 0,
        stored_items: 0,
        dead_lettered_items: 0,
        nodes: {
          "exporter/otlp_http": { status: "DEGRADED", reason_code: "sends_fail", reason: "refused", since: "2026-08-21T09:00:51.500Z" },
        },
      },
    });
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: "DEGRADED" });
  });

  it("follows the configured times and status", async () => {
    const options = healthCheckConfig.parse({ degraded_after: "5s", down_after: "20s", degraded_status: 503, service: "gateway" });
    let node = stuckFor(4000);
    const { url } = await serve(() => ({ ...UP, nodes: [node] }), { ...options, endpoint: `127.0.0.1:${await freePort()}` });
    const health = async (): Promise<unknown> => {
      const response = await fetch(`${url}/health`);
      const { service, status } = (await response.json()) as { service: string; status: string };
      return [response.status, service, status];
    };
    expect(await health()).toEqual([200, "gateway", "UP"]);
    node = stuckFor(5000);
    expect(await health()).toEqual([503, "gateway", "DEGRADED"]);
    node = stuckFor(20_000);
    expect(await health()).toEqual([503, "gateway", "DOWN"]);
  });

  it("says why it is down before the pipelines are started", async () => {
    const { url } = await serve(() => ({ ready: false, startedAt: undefined, nodes: [] }));
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: "DOWN", reason: "the pipelines are not started" });
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: "DOWN", reason_code: "not_started" });
  });

  it("frees the port on shutdown, even with a client that keeps its connection", async () => {
    const { url, stop } = await serve(() => UP);
    await (await fetch(url)).text();
    await stop();
    await expect(fetch(url)).rejects.toThrow();
  });

  it("names the endpoint when the port is in use", async () => {
    const { url } = await serve(() => UP);
    const endpoint = url.slice("http://".length);
    const second = createHealthCheck(
      healthCheckConfig.parse({ endpoint }),
      context(() => UP),
    );
    await expect(second.start?.()).rejects.toThrow(`cannot listen on ${endpoint}`);
    await second.shutdown?.(AbortSignal.abort());
  });

  it("refuses endpoints that are none", () => {
    expect(healthCheckConfig.safeParse({ endpoint: "13133" }).success).toBe(false);
    expect(healthCheckConfig.safeParse({ path: "health" }).success).toBe(false);
  });
});
