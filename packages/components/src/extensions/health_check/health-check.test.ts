import { createServer, type AddressInfo } from "node:net";
import type { ComponentContext, Host, Logger } from "@tidemark/core";
import { VirtualClock } from "@tidemark/core/testing";
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function context(health: () => Health): ComponentContext {
  const clock = new VirtualClock(STARTED + 62_500);
  return { id: "health_check", kind: "extension", clock, log: silent, host: { health } } as unknown as ComponentContext;
}

async function serve(health: () => Health, options: Partial<HealthCheckConfig> = {}): Promise<{ url: string; stop: () => Promise<void> }> {
  const endpoint = `127.0.0.1:${await freePort()}`;
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

  it("sends the configured texts, at the configured path only", async () => {
    let ready = true;
    const { url } = await serve(() => ({ ...UP, ready }), { path: "/health", response_body: { healthy: "fine", unhealthy: "poor" } });
    expect((await fetch(url)).status).toBe(404);
    expect(await (await fetch(`${url}/health?full=1`)).text()).toBe("fine");
    ready = false;
    expect(await (await fetch(`${url}/health`)).text()).toBe("poor");
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
