import type { ComponentContext, Extension, Host, NodeHealth, TroubleCode } from "@tidemark/core";
import { freePort, testContext } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { healthCheckV2Config } from "./config.ts";
import { createHealthCheckV2 } from "./health-check-v2.ts";

type Health = ReturnType<Host["health"]>;

const NOW = testContext().clock.now();
const STARTED = NOW - 3_600_000;
const up = (node: string): NodeHealth => ({ node, healthy: true });
const troubled = (node: string, code: TroubleCode, ms: number): NodeHealth => ({
  node,
  healthy: true,
  reason: `${code} of ${node}`,
  trouble: { code, since: NOW - ms, ...(code === "no_progress" ? { stalledSince: NOW - ms } : {}) },
});
const NODES = ["receiver/otlp", "processor/batch@traces", "processor/batch@logs", "exporter/a", "exporter/b"];
const running = (...changed: readonly NodeHealth[]): Health => ({
  ready: true,
  startedAt: STARTED,
  nodes: [...NODES.filter((node) => !changed.some((other) => other.node === node)).map(up), ...changed],
});
const TOPOLOGY: ReturnType<Host["topology"]> = {
  extensions: ["healthcheckv2"],
  pipelines: [
    { id: "traces", receivers: ["otlp"], processors: ["batch"], exporters: ["a"] },
    { id: "logs", receivers: ["otlp"], processors: ["batch"], exporters: ["b"] },
  ],
};

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Served {
  readonly extension: Extension;
  readonly get: (target: string) => Promise<{ code: number; body: { [name: string]: unknown } }>;
}

async function serve(health: () => Health, componentHealth: object = {}): Promise<Served> {
  const endpoint = `127.0.0.1:${await freePort()}`;
  const config = healthCheckV2Config.parse({ use_v2: true, http: { endpoint }, component_health: componentHealth });
  const context: ComponentContext = testContext({ id: "healthcheckv2", kind: "extension" });
  const extension = createHealthCheckV2(config, { ...context, host: { ...context.host, health, topology: () => TOPOLOGY } });
  await extension.start?.();
  stops.push(() => extension.shutdown?.(AbortSignal.abort()));
  const get: Served["get"] = async (target) => {
    const response = await fetch(`http://${endpoint}${target}`);
    return { code: response.status, body: (await response.json()) as { [name: string]: unknown } };
  };
  return { extension, get };
}

describe("healthcheckv2", () => {
  it("shows what an extension says is wrong with it, but not that dead letters wait", async () => {
    const waiting = troubled("extension/healthcheckv2", "dead_letters_present", 20_000);
    const { get } = await serve(() => running(waiting, troubled("extension/healthcheckv2", "storage_full", 20_000)));
    const { body } = await get("/status?verbose");
    expect(body["components"]).toMatchObject({
      extensions: {
        components: { "extension:healthcheckv2": { status: "StatusRecoverableError", error: "storage_full of extension/healthcheckv2" } },
      },
    });
    const quiet = await serve(() => running(waiting));
    expect((await quiet.get("/status?verbose")).body["status"]).toBe("StatusOK");
  });

  it("shows the whole tree in the Collector's form", async () => {
    const { get } = await serve(() => running(troubled("exporter/b", "sends_fail", 20_000)));
    const { code, body } = await get("/status?verbose");
    expect(code).toBe(200);
    await expect(JSON.stringify(body, undefined, 2)).toMatchFileSnapshot("testdata/status.json");
  });

  it("shows one pipeline, and of it only the sum unless asked for more", async () => {
    const { get } = await serve(() => running(troubled("processor/batch@logs", "component_failed", 0)));
    expect(await get("/status?pipeline=traces")).toEqual({
      code: 200,
      body: {
        start_time: new Date(STARTED).toISOString(),
        healthy: true,
        status: "StatusOK",
        status_time: new Date(STARTED).toISOString(),
      },
    });
    expect((await get("/status?pipeline=logs")).body).toMatchObject({
      status: "StatusPermanentError",
      error: "component_failed of processor/batch@logs",
    });
    const { components } = (await get("/status?pipeline=traces&verbose")).body;
    expect(Object.keys(components as object)).toEqual(["exporter:a", "processor:batch", "receiver:otlp"]);
  });

  it.each<[string, NodeHealth, object, number, boolean]>([
    ["recoverable", troubled("exporter/a", "circuit_breaker_open", 600_000), {}, 200, true],
    ["recoverable, included, young", troubled("exporter/a", "sends_fail", 299_000), { include_recoverable_errors: true }, 200, true],
    ["recoverable, included, old", troubled("exporter/a", "no_progress", 300_000), { include_recoverable_errors: true }, 500, false],
    ["permanent", troubled("exporter/a", "data_rejected", 0), {}, 200, true],
    ["permanent, included", troubled("exporter/a", "data_rejected", 0), { include_permanent_errors: true }, 500, false],
    ["broken, included", { node: "exporter/a", healthy: false, reason: "gone" }, { include_permanent_errors: true }, 500, false],
  ])("answers an error that is %s", async (_name, node, componentHealth, code, healthy) => {
    const { get } = await serve(() => running(node), componentHealth);
    expect(await get("/status")).toMatchObject({ code, body: { healthy, error: node.reason } });
  });

  it("takes data that is held for a moment for no error", async () => {
    const { get } = await serve(() => running(troubled("processor/batch@traces", "no_progress", 3000)));
    expect((await get("/status")).body).toMatchObject({ status: "StatusOK" });
  });

  it("puts recoverable errors first where only these are asked for", async () => {
    const nodes = [troubled("exporter/a", "sends_fail", 1000), troubled("exporter/b", "data_rejected", 1000)];
    const permanentFirst = await serve(() => running(...nodes));
    expect((await permanentFirst.get("/status")).body).toMatchObject({ status: "StatusPermanentError" });
    const recoverableFirst = await serve(() => running(...nodes), { include_recoverable_errors: true });
    expect((await recoverableFirst.get("/status")).body).toMatchObject({ status: "StatusRecoverableError" });
  });

  it("shows a component as it is in the worst worker, and workers that are gone", async () => {
    const { get } = await serve(() => ({
      ready: true,
      startedAt: STARTED,
      nodes: [
        up("worker/0"),
        up("worker/0/exporter/a"),
        troubled("worker/2/exporter/a", "sends_fail", 5),
        { node: "worker/1", healthy: false, reason: "ended" },
      ],
    }));
    const { body } = await get("/status?verbose");
    expect(body).toMatchObject({
      status: "StatusPermanentError",
      components: {
        "pipeline:traces": { components: { "exporter:a": { status: "StatusRecoverableError" } } },
        collector: { components: { "worker:1": { error: "ended" } } },
      },
    });
  });

  it("answers 503 before the pipelines run and while they stop", async () => {
    const { get, extension } = await serve(() => ({ ready: false, startedAt: undefined, nodes: [] }));
    expect(await get("/status")).toMatchObject({ code: 503, body: { status: "StatusStarting", healthy: false } });
    extension.notReady?.();
    expect(await get("/status")).toMatchObject({ code: 503, body: { status: "StatusStopping", healthy: false } });
  });

  it.each([
    [{}, "the older form is the extension health_check"],
    [{ use_v2: true, http: {}, grpc: {} }, "there is no gRPC health service here"],
    [{ use_v2: true, http: { config: { enabled: true } } }, "the configuration is not served, because it holds secrets"],
    [{ use_v2: true, http: { endpoint: "13133" } }, "write host:port"],
  ])("refuses %j", (config, message) => {
    expect(healthCheckV2Config.safeParse(config).error?.message).toContain(message);
  });
});
