import { lstat, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { platform } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { metrics } from "@tidemark/otlp/testing";
import { freePorts } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { startNode, type Child } from "../lib/child.ts";
import { startCollector, type Collector, type PortedYaml } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";
import type { LoadReport } from "../lib/loadgen.ts";
import { httpSender } from "../lib/otlp-senders.ts";
import { startWebhookServer } from "../lib/reference-server.ts";
import { missingAt, statsOf } from "../lib/sink-client.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(yaml: string | PortedYaml, options: readonly string[]): Promise<Collector> {
  const collector = await startCollector(yaml, options);
  cleanups.push(() => collector.child.stop("SIGKILL"));
  return collector;
}

interface Sink {
  readonly http: string;
  readonly child: Child;
}

async function startSink(): Promise<Sink> {
  const child = startNode(["test/lib/sink.ts"]);
  cleanups.push(() => child.stop());
  const { http } = JSON.parse(await child.line(/^\{/)) as { http: number };
  return { child, http: `http://127.0.0.1:${http}` };
}

async function load(target: string, protocol: "http" | "grpc", sender: number, seconds: number): Promise<LoadReport> {
  const more = ["--seconds", String(seconds), "--sender", String(sender), "--items", "50", "--concurrency", "4"];
  const child = startNode(["test/lib/loadgen.ts", "--target", target, "--protocol", protocol, ...more]);
  cleanups.push(() => child.stop());
  return JSON.parse(await child.line(/^\{/, 60_000)) as LoadReport;
}

function missing(sink: Sink, reports: readonly LoadReport[]): Promise<number> {
  return missingAt(
    sink.http,
    reports.flatMap(({ ranges }) => ranges),
  );
}

async function doubled(sink: Sink): Promise<number> {
  return (await statsOf(sink.http)).doubled;
}

/** Lines of the log that tell of a reload that is active. */
const activations = ({ child }: Collector): number =>
  child.lines.filter((line) => line.includes("The new configuration is active.")).length;

const errorsOf = ({ child }: Collector): readonly string[] => child.lines.filter((line) => / error /.test(line));

/** Makes a reload happen and waits for it. */
async function reloading(collector: Collector, change: () => unknown): Promise<void> {
  const before = activations(collector);
  await change();
  await eventually(`reload ${before + 1}`, () => activations(collector) > before, 5000);
}

/** Each version differs from the one before in its processors, and every other one in its exporter, too. */
const version = (sink: Sink, number: number, more = ""): string => `
processors: { batch: { timeout: ${50 + number}ms } }
exporters: { otlp_http: { endpoint: "${sink.http}", timeout: ${10 + Math.floor(number / 2)}s, sending_queue: { enabled: ${number % 4 < 2} } } }
service:
  telemetry: { logs: { sampling: { enabled: false } } }
  pipelines: { traces: { receivers: [otlp${more === "" ? "" : ", otlp/second"}], processors: [batch], exporters: [otlp_http] } }
${more}`;

/** Ways to put a text in the place of a file: written in place, replaced by an editor, swapped by Kubernetes. */
const WRITERS: readonly ((file: string, text: string, number: number) => Promise<void>)[] = [
  (file, text) => writeFile(file, text),
  async (file, text) => {
    await writeFile(`${file}~`, text);
    await rename(`${file}~`, file);
  },
  async (file, text, number) => {
    const folder = dirname(file);
    await mkdir(join(folder, `..data_${number}`));
    await writeFile(join(folder, `..data_${number}`, "pipeline.yaml"), text);
    await symlink(`..data_${number}`, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    if ((await lstat(file)).isSymbolicLink()) return;
    await symlink(join("..data", "pipeline.yaml"), join(folder, "link"));
    await rename(join(folder, "link"), file);
  },
];

/** A client that keeps one connection for all its requests. */
async function keepOne(url: string): Promise<{ request(): Promise<string>; socket: Socket }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise((resolve) => socket.once("connect", resolve));
  cleanups.push(async () => socket.destroy());
  const request = (): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString().split("\r\n")[0] ?? ""));
      socket.once("close", () => reject(new Error("the connection was closed")));
      socket.write("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    });
  return { request, socket };
}

describe("20 reloads under load", () => {
  it("by changes of its file lose, refuse and double nothing, and close no connection", async () => {
    const sink = await startSink();
    const collector = await start(version(sink, 0), ["--watch"]);
    const client = await keepOne(collector.http);
    expect(await client.request()).toBe("HTTP/1.1 200 OK");
    const loading = Promise.all([load(collector.http, "http", 1, 6.5), load(collector.grpc, "grpc", 2, 6.5)]);
    for (let number = 1; number <= 20; number++) {
      const write = WRITERS[Math.floor(number / 7)];
      await reloading(collector, () => write?.(collector.file, version(sink, number), number));
    }
    expect(await client.request()).toBe("HTTP/1.1 200 OK");
    const reports = await loading;
    expect(reports.map(({ refused }) => refused)).toEqual([{}, {}]);
    expect(Math.min(...reports.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(1000);
    expect(await collector.stop()).toBe(0);
    expect([await missing(sink, reports), await doubled(sink)]).toEqual([0, 0]);
    expect(errorsOf(collector)).toEqual([]);
  }, 60_000);

  it("by request lose, refuse and double nothing", async () => {
    const sink = await startSink();
    let port = 0;
    const yaml = (number: number): string =>
      `${version(sink, number).replace("service:", "service:\n  extensions: [health_check, admin]")}\nextensions: { admin: { endpoint: "127.0.0.1:${port}" } }`;
    const write = ([free = 0]: readonly number[]): string => {
      port = free;
      return yaml(0);
    };
    const collector = await start({ ports: 1, write }, []);
    const loading = Promise.all([load(collector.http, "http", 1, 2.5), load(collector.grpc, "grpc", 2, 2.5)]);
    await sleep(500);
    for (let number = 1; number <= 20; number++) {
      await writeFile(collector.file, yaml(number));
      const answer = await fetch(`http://127.0.0.1:${port}/-/reload`, { method: "POST" });
      expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ result: "reloaded" })]);
    }
    const reports = await loading;
    expect(reports.map(({ refused }) => refused)).toEqual([{}, {}]);
    expect(await collector.stop()).toBe(0);
    expect([await missing(sink, reports), await doubled(sink), errorsOf(collector)]).toEqual([0, 0, []]);
  }, 60_000);

  it.skipIf(platform() === "win32")(
    "asked for by SIGHUP, also of a receiver, lose nothing that was acknowledged",
    async () => {
      const sink = await startSink();
      const [port = 0] = await freePorts(1);
      const second = (number: number): string =>
        `receivers: { otlp/second: { protocols: { http: { endpoint: "127.0.0.1:${port}", max_request_body_size: ${(20 + number) << 20} } } } }`;
      const collector = await start(version(sink, 0, second(0)), []);
      const loading = Promise.all([load(collector.http, "http", 1, 3), load(`http://127.0.0.1:${port}`, "http", 2, 3)]);
      for (let number = 1; number <= 20; number++) {
        await writeFile(collector.file, version(sink, number, second(number)));
        await reloading(collector, () => collector.child.process.kill("SIGHUP"));
      }
      const [kept, changed] = await loading;
      expect(kept?.refused).toEqual({});
      // Connections to the receiver that changes hands are closed; what was on its way then is not acknowledged.
      expect(changed?.acknowledged).toBeGreaterThan(1000);
      expect(await collector.stop()).toBe(0);
      expect([await missing(sink, [kept!, changed!]), errorsOf(collector)]).toEqual([0, []]);
    },
    60_000,
  );
});

describe("a configuration with a mistake", () => {
  it("is not taken over: the old one runs on, and the log says where the mistake is", async () => {
    const sink = await startSink();
    const collector = await start(version(sink, 0), ["--watch"]);
    await writeFile(collector.file, `${version(sink, 1)}\nprocessors: [`);
    await collector.child.line(/^ {4}\S*pipeline\.yaml:\d+:\d+ {2}CFG_/);
    await writeFile(collector.file, version(sink, 1).replace("batch: {", "batch: { time: 1,"));
    await collector.child.line(/^ {4}\S*pipeline\.yaml:2:24 {2}CFG_UNKNOWN_FIELD/);
    const report = await load(collector.http, "http", 1, 0.3);
    expect(report.refused).toEqual({});
    await reloading(collector, () => writeFile(collector.file, version(sink, 2)));
    expect(await collector.stop()).toBe(0);
    expect(await missing(sink, [report])).toBe(0);
  }, 30_000);

  it("is not taken over when its receiver cannot listen, and the port that it had is taken back", async () => {
    const sink = await startSink();
    const taken = new URL(sink.http).port;
    const [port = 0] = await freePorts(1);
    const second = (http: number | string, grpc: number | string): string =>
      `receivers: { otlp/second: { protocols: { http: { endpoint: "127.0.0.1:${http}" }, grpc: { endpoint: "127.0.0.1:${grpc}" } } } }`;
    const collector = await start(version(sink, 0, second(port, 0)), ["--watch"]);
    await writeFile(collector.file, version(sink, 0, second(port, taken)));
    await collector.child.line(
      / error The configuration cannot be taken over\..*failed to start \\?"otlp\/second\\?" receiver: cannot listen/,
    );
    expect((await load(`http://127.0.0.1:${port}`, "http", 1, 0.3)).refused).toEqual({});
    expect(await collector.stop()).toBe(0);
  }, 30_000);
});

describe("the memory of a detector", () => {
  it("goes on through a reload that changes it", async () => {
    const webhook = await startWebhookServer();
    cleanups.push(() => webhook.close());
    const yaml = (multiplier: number): string => `
processors: { ewma_threshold: { match: { metrics: [chat.latency] }, min_samples: 5, multiplier: ${multiplier} } }
exporters: { webhook: { url: "${webhook.url}" }, debug: {} }
service:
  pipelines:
    metrics: { receivers: [otlp], processors: [ewma_threshold], exporters: [debug] }
    alerts: { receivers: [ewma_threshold], exporters: [webhook] }
`;
    const collector = await start(yaml(3), ["--watch"]);
    const sender = httpSender(collector.http, "metrics", 1);
    const startNano = BigInt(Date.now()) * 1_000_000n;
    const send = async (at: number, value: number): Promise<void> => {
      const point = { value, timeUnixNano: startNano + BigInt(at) * 1_000_000_000n };
      const body = metrics({
        resource: { "service.name": "chat" },
        metrics: [{ name: "chat.latency", unit: "ms", gauge: [point] }],
      }).encode();
      expect(await sender.send(Buffer.from(body))).toBeUndefined();
    };
    for (let at = 0; at < 6; at++) await send(at, 20);
    await reloading(collector, () => writeFile(collector.file, yaml(4)));
    await send(6, 900);
    sender.close();
    await eventually("the alert", () => webhook.bodies.length > 0);
    expect(await collector.stop()).toBe(0);
  }, 30_000);
});

describe.skipIf(platform() !== "linux")("a reload of two workers", () => {
  it("changes one after the other, also a receiver on a port that both serve", async () => {
    const sink = await startSink();
    const [port = 0] = await freePorts(1);
    const second = (number: number): string =>
      `receivers: { otlp/second: { protocols: { http: { endpoint: "127.0.0.1:${port}", max_request_body_size: ${(20 + number) << 20} } } } }`;
    const collector = await start(version(sink, 0, second(0)), ["--workers", "2"]);
    const loading = Promise.all([load(collector.http, "http", 1, 2), load(collector.grpc, "grpc", 2, 2)]);
    for (let number = 1; number <= 5; number++) {
      await writeFile(collector.file, version(sink, number, second(number)));
      await reloading(collector, () => collector.child.process.kill("SIGHUP"));
    }
    const reports = await loading;
    expect(reports.map(({ refused }) => refused)).toEqual([{}, {}]);
    expect((await load(`http://127.0.0.1:${port}`, "http", 3, 0.3)).refused).toEqual({});
    await writeFile(collector.file, version(sink, 6, second(6)).replace("batch: {", "batch: { time: 1,"));
    collector.child.process.kill("SIGHUP");
    await collector.child.line(/ error The configuration cannot be taken over\./);
    await sleep(50);
    expect(await collector.stop()).toBe(0);
    expect([await missing(sink, reports), await doubled(sink)]).toEqual([0, 0]);
  }, 60_000);

  it("leaves everything as it was when a port of the supervisor's own extension is taken", async () => {
    const sink = await startSink();
    const [port = 0, taken = 0] = await freePorts(2);
    const stranger = createServer().listen(taken, "127.0.0.1");
    cleanups.push(() => new Promise((resolve) => stranger.close(resolve)));
    const collector = await start(version(sink, 0), ["--workers", "2"]);
    const second = `receivers: { otlp/second: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
extensions: { admin: { endpoint: "127.0.0.1:${taken}" } }`;
    await writeFile(collector.file, version(sink, 1, second).replace("service:", "service:\n  extensions: [health_check, admin]"));
    collector.child.process.kill("SIGHUP");
    await collector.child.line(/ error The configuration cannot be taken over\./);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    expect((await load(collector.http, "http", 1, 0.3)).refused).toEqual({});
    expect(await collector.stop()).toBe(0);
  }, 60_000);
});
