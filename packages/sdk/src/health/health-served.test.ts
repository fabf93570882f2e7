import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { createNoopMeter } from "@opentelemetry/api";
import { VirtualClock } from "@tidemark/core/testing";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { afterEach, describe, expect, it } from "vitest";
import type { Health, HealthReport } from "../index.ts";
import { createHealth } from "../index.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the handler", () => {
  it("follows a dependency that fails and comes back, with fetch from a real server to a real server", async () => {
    let gatewayStatus = 200;
    const gateway = await serve((_, response) => response.writeHead(gatewayStatus).end());
    const health = createHealth({ service: "shop", meter: createNoopMeter() });
    health.registerCheck({
      name: "payment_gateway",
      intervalMs: 5,
      critical: true,
      run: async (signal) => {
        const { ok, status } = await fetch(gateway, { signal });
        return { healthy: ok, reasonCode: "bad_answer", reason: `the gateway answers ${status}` };
      },
    });
    const shop = await serve((request, response) =>
      request.url === "/health" ? health.handler(request, response) : response.writeHead(404).end(),
    );
    const until = async (status: number): Promise<HealthReport> => {
      for (;;) {
        const response = await fetch(`${shop}/health`);
        const report = (await response.json()) as HealthReport;
        if (response.status === status) return report;
      }
    };
    expect(await until(200)).toMatchObject({ service: "shop", status: "UP" });
    gatewayStatus = 502;
    expect(await until(503)).toMatchObject({
      status: "DOWN",
      reason_code: "bad_answer",
      details: { checks: { payment_gateway: { status: "DOWN", reason: "the gateway answers 502" } } },
    });
    gatewayStatus = 204;
    const recovered = await until(200);
    expect(recovered.status).toBe("UP");
    expect(recovered).not.toHaveProperty("reason_code");
    health.shutdown();
    expect(await until(503)).toMatchObject({ reason_code: "shutting_down" });
  });

  it("answers JSON that nobody keeps, to any method and path", async () => {
    const health = createHealth({ service: "shop", meter: createNoopMeter(), clock: new VirtualClock() });
    const url = await serve(health.handler);
    const response = await fetch(`${url}/any/path?x=1`, { method: "POST", body: "ignored" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ service: "shop", status: "UP", details: { uptime_seconds: 0, checks: {} } });
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it.each([
    [undefined, 200],
    [429, 429],
  ])("with degradedStatus %s answers %s while the service is DEGRADED", async (degradedStatus, status) => {
    const clock = new VirtualClock();
    const health = createHealth({
      service: "shop",
      meter: createNoopMeter(),
      clock,
      ...(degradedStatus === undefined ? {} : { degradedStatus }),
    });
    const url = await serve(health.handler);
    health.registerSampledCheck({ name: "stock_cache", threshold: { below: 0.8 }, sample: () => 0.5 });
    await clock.advance(0);
    const response = await fetch(url);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status: "DEGRADED", reason_code: "below_threshold" });
  });
});

it("health checks do not keep a process alive", async () => {
  const code = `
    import { createHealth } from ${JSON.stringify(new URL("create-health.ts", import.meta.url).href)};
    createHealth({ service: "job" }).registerCheck({ name: "x", run: () => {} });
    setTimeout(() => console.log("the end of the work"), 50);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], { timeout: 10_000 });
  expect(stdout).toBe("the end of the work\n");
});

describe("the metrics", () => {
  /** Every data point as it would be exported now. */
  async function collected(register: (health: Health, clock: VirtualClock) => Promise<void>): Promise<unknown[]> {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })] });
    const clock = new VirtualClock();
    await register(createHealth({ service: "shop", clock, meter: provider.getMeter("test") }), clock);
    await provider.forceFlush();
    const points = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ descriptor, dataPoints }) => dataPoints.map(({ attributes, value }) => [descriptor.name, attributes, value]));
    await provider.shutdown();
    return points;
  }

  it("tell the status of the service and of each check that has one, and samples", async () => {
    const points = await collected(async (health, clock) => {
      const failing = { failureThreshold: 1, run: () => ({ healthy: false }) };
      health.registerCheck({ name: "well", run: () => undefined });
      health.registerCheck({ name: "bad", ...failing });
      health.registerCheck({ name: "worse", critical: true, ...failing });
      health.registerCheck({ name: "unknown", run: () => new Promise(() => {}) });
      health.registerCheck({ name: "gone", ...failing })();
      health.registerSampledCheck({ name: "stock_cache", threshold: { below: 0.8 }, sample: () => 0.93 });
      await clock.advance(0);
    });
    expect(points).toEqual([
      ["health.status", { service: "shop" }, 2],
      ["health.status", { service: "shop", check: "well" }, 0],
      ["health.status", { service: "shop", check: "bad" }, 1],
      ["health.status", { service: "shop", check: "worse" }, 2],
      ["health.status", { service: "shop", check: "stock_cache" }, 0],
      ["health.check.value", { service: "shop", check: "stock_cache" }, 0.93],
    ]);
  });

  it("end with shutdown", async () => {
    expect(await collected(async (health) => health.shutdown())).toEqual([]);
  });
});
