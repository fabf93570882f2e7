import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trace } from "@opentelemetry/api";
import { freePorts } from "@tidemark/core/testing";
import { startTelemetry } from "@tidemark/sdk";
import { afterEach, describe, expect, it } from "vitest";
import { startCollector, type Collector } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";
import { startReferenceServer, type ReferenceServer } from "../lib/reference-server.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** The one place where the rate is. */
interface Store {
  /** What stands in the configuration for the rate. */
  readonly reference: string;
  put(rate: string): Promise<void>;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "tidemark-rate-"));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function fileStore(): Promise<Store> {
  const path = join(await folder(), "rate");
  const put = async (rate: string): Promise<void> => {
    // As editors write it.
    await writeFile(`${path}.new`, `${rate}\n`);
    await rename(`${path}.new`, path);
  };
  return { reference: `\${file:${path}}`, put };
}

async function etcdStore(): Promise<Store> {
  const [client = 0, peer = 0] = await freePorts(2);
  const [at, atPeer] = [client, peer].map((port) => `http://127.0.0.1:${port}`) as [string, string];
  const urls = ["--listen-client-urls", at, "--advertise-client-urls", at, "--listen-peer-urls", atPeer];
  const etcd = spawn("etcd", ["--data-dir", await folder(), "--log-level", "error", ...urls], { stdio: "ignore" });
  cleanups.push(() => etcd.kill("SIGKILL"));
  const isUp = (): Promise<boolean> =>
    fetch(`${at}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually("etcd", isUp);
  const put = async (rate: string): Promise<void> => {
    const body = JSON.stringify({ key: btoa("/tracing/sampling_rate"), value: btoa(rate) });
    expect((await fetch(`${at}/v3/kv/put`, { method: "POST", body })).status).toBe(200);
  };
  return { reference: `\${etcd://127.0.0.1:${client}/tracing/sampling_rate}`, put };
}

/** Both pipelines get all that the SDK records; the second one is thinned by the processor. */
const yaml = (rate: string, recorded: ReferenceServer, kept: ReferenceServer, port: number): string => `
extensions:
  jaeger_remote_sampling:
    http: { endpoint: "127.0.0.1:${port}" }
    source: { contents: { default_strategy: { type: probabilistic, param: "${rate}" } } }
processors:
  probabilistic_sampler: { mode: equalizing, sampling_percentage: "\${yaml:${rate}e2}" }
exporters:
  otlp_http/recorded: { endpoint: "http://127.0.0.1:${recorded.httpPort}" }
  otlp_http/kept: { endpoint: "http://127.0.0.1:${kept.httpPort}" }
service:
  extensions: [health_check, jaeger_remote_sampling]
  pipelines:
    traces/recorded: { receivers: [otlp], exporters: [otlp_http/recorded] }
    traces/kept: { receivers: [otlp], processors: [probabilistic_sampler], exporters: [otlp_http/kept] }
`;

/** A span of an app that does not sample. */
async function sendRaw(collector: Collector, name: string): Promise<void> {
  const [traceId, spanId] = [16, 8].map((bytes) => randomBytes(bytes).toString("hex"));
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, spanId, name }] }] }] });
  const headers = { "content-type": "application/json" };
  expect((await fetch(`${collector.http}/v1/traces`, { method: "POST", headers, body })).status).toBe(200);
}

/** A trace of this process; says whether it is recorded. */
const recordTrace = (name: string): boolean =>
  trace.getTracer("e2e").startActiveSpan(name, (span) => {
    const isRecorded = span.isRecording();
    span.end();
    return isRecorded;
  });

const lineCount = ({ child }: Collector, text: string): number => child.lines.filter((line) => line.includes(text)).length;

async function open(store: Store) {
  const [recorded, kept] = await Promise.all([startReferenceServer(), startReferenceServer()]);
  cleanups.push(() => Promise.all([recorded.close(), kept.close()]));
  await store.put("0");
  const port = { number: 0 };
  const write = ([number = 0]: readonly number[]): string => yaml(store.reference, recorded, kept, (port.number = number));
  const collector = await startCollector({ ports: 1, write }, ["--watch"]);
  cleanups.push(() => collector.child.stop("SIGKILL"));
  const endpoint = `http://127.0.0.1:${port.number}`;
  const telemetry = startTelemetry({ serviceName: "e2e", endpoint: collector.http, sampling: { endpoint, initialSamplingRate: 1 } });
  cleanups.push(() => telemetry.shutdown());
  const arrived = (at: ReferenceServer, name: string): number => at.spans.filter((span) => span.name === name).length;
  const change = async (rate: string): Promise<void> => {
    const before = lineCount(collector, "The new configuration is active.");
    await store.put(rate);
    await eventually(`rate ${rate}`, () => lineCount(collector, "The new configuration is active.") > before);
  };
  return { recorded, kept, collector, endpoint, arrived, change };
}

const HAS_ETCD = spawnSync("etcd", ["--version"]).status === 0;

describe.each([
  { where: "a file", makeStore: fileStore, isHere: true },
  { where: "etcd", makeStore: etcdStore, isHere: HAS_ETCD },
])("a sampling rate in $where", ({ makeStore, isHere }) => {
  it.skipIf(!isHere)("reaches the processor and the SDK, is taken once, and is refused where it is none", { timeout: 60_000 }, async () => {
    const store = await makeStore();
    const { recorded, kept, collector, endpoint, arrived, change } = await open(store);
    await eventually("the SDK records nothing", () => !recordTrace("before"));
    for (let each = 0; each < 20; each += 1) expect(recordTrace("sdk at 0")).toBe(false);
    await sendRaw(collector, "raw at 0");

    const changedAt = performance.now();
    await store.put("1");
    const [inSdk, inProcessor] = await Promise.all([
      eventually("the SDK records all", () => recordTrace("between") && performance.now() - changedAt),
      eventually("the processor keeps all", async () => {
        await sendRaw(collector, "raw at 1");
        return arrived(kept, "raw at 1") > 0 && performance.now() - changedAt;
      }),
    ]);
    expect(Math.max(inSdk, inProcessor)).toBeLessThan(5000);
    for (let each = 0; each < 20; each += 1) expect(recordTrace("sdk at 1")).toBe(true);
    await eventually("all spans", () => arrived(recorded, "sdk at 1") === 20 && arrived(kept, "sdk at 1") === 20);
    expect(["sdk at 0", "raw at 0"].map((name) => [arrived(recorded, name), arrived(kept, name)])).toEqual([
      [0, 0],
      [1, 0],
    ]);

    await change("0.25");
    await eventually("the SDK records some", () => !recordTrace("between"));
    const count = Array.from({ length: 400 }, () => recordTrace("sdk at 0.25")).filter(Boolean).length;
    expect(Math.abs(count - 100)).toBeLessThan(60);
    await eventually(
      "a quarter, not a sixteenth",
      () => arrived(recorded, "sdk at 0.25") === count && arrived(kept, "sdk at 0.25") === count,
    );
    expect(new Set(kept.spans.filter(({ name }) => name === "sdk at 0.25").map(({ traceState }) => traceState))).toEqual(
      new Set(["ot=th:c"]),
    );

    await store.put("1.5");
    await eventually("the refusal", () => collector.child.lines.some((line) => line.includes("1.5 is not a share of the traces")));
    const answer = await (await fetch(`${endpoint}/sampling?service=e2e`)).json();
    expect(answer).toEqual({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 0.25 } });
  });
});
