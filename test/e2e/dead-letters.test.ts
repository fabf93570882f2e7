import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startNode } from "../lib/child.ts";
import { startCollector, type Collector } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";
import { listen, readAll } from "../lib/server-io.ts";

/** A back end that answers with `status`, or not at all while that is 0, and keeps the names of what it took. */
interface BackEnd {
  status: number;
  readonly taken: string[];
  readonly server: Server;
  readonly waiting: ServerResponse[];
  readonly url: string;
}

const PER_REQUEST = 10;

let folder: string;
let traces: BackEnd;
let logs: BackEnd;
let collector: Collector;
let admin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-letters-"));
  traces = await startBackEnd();
  logs = await startBackEnd();
  collector = await startCollector({
    ports: 1,
    write: ([port = 0]) => {
      admin = `http://127.0.0.1:${port}`;
      return `
extensions:
  health_check: { degraded_after: 1s, down_after: 3s }
  admin: { endpoint: "127.0.0.1:${port}" }
  file_storage: { directory: "${folder}" }
exporters:
  otlp_http/traces:
    endpoint: "${traces.url}"
    encoding: json
    compression: none
    sending_queue: { storage: file_storage }
    retry_on_failure: { initial_interval: 100ms, max_retries: 1, circuit_breaker: { enabled: false } }
  otlp_http/logs: { endpoint: "${logs.url}", encoding: json, compression: none, timeout: 0s }
service:
  extensions: [health_check, file_storage, admin]
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp_http/traces] }
    logs: { receivers: [otlp], exporters: [otlp_http/logs] }
`;
    },
  });
}, 40_000);

afterAll(async () => {
  expect(await collector.stop()).toBe(0);
  for (const { server } of [traces, logs]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(folder, { recursive: true });
});

async function startBackEnd(): Promise<BackEnd> {
  const taken: string[] = [];
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => void take(request, response));
  const backEnd: BackEnd = { status: 200, taken, server, waiting, url: `http://127.0.0.1:${await listen(server)}` };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await readAll(request)).toString();
    if (backEnd.status === 0) return void waiting.push(response);
    if (backEnd.status === 200) taken.push(...[...body.matchAll(/"(?:name|stringValue)":"(item-[^"]+)"/g)].map(([, name = ""]) => name));
    response.writeHead(backEnd.status, { "content-type": "application/json" }).end("{}");
  };
  return backEnd;
}

/** Sends requests of ten spans; gives their names. */
async function sendSpans(label: string, requests: number): Promise<string[]> {
  const all: string[] = [];
  for (let request = 0; request < requests; request++) {
    const names = Array.from({ length: PER_REQUEST }, (_, index) => `item-${label}-${request}-${index}`);
    const spans = names.map((name) => ({ traceId: "0".repeat(31) + "1", spanId: "0".repeat(15) + "1", name }));
    await post("/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    all.push(...names);
  }
  return all;
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(`${collector.http}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

async function tidemark(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = startNode(["packages/collector/bin/tidemark.js", ...args]);
  return { code: await child.ended, text: child.lines.join("\n") };
}

interface Letters {
  readonly letters: readonly { readonly id: string; readonly reason: string; readonly items: number; readonly replaying: boolean }[];
}

async function list(...filters: readonly string[]): Promise<Letters["letters"]> {
  return (JSON.parse((await tidemark("dlq", "ls", folder, "--json", ...filters)).text) as Letters).letters;
}

async function exporterRow(): Promise<Record<string, unknown>> {
  const { code, text } = await tidemark("ledger", "--json", "--admin", admin);
  const { nodes, violations } = JSON.parse(text) as { nodes: Record<string, unknown>[]; violations: string[] };
  expect({ code, violations }).toEqual({ code: 0, violations: [] });
  return nodes.find(({ key }) => key === "exporter/otlp_http/traces")!;
}

const health = async (path: string): Promise<{ code: number; status: string; reason_code?: string }> => {
  const response = await fetch(collector.health + path);
  return { code: response.status, ...((await response.json()) as { status: string }) };
};

describe("dead letters of a running collector", () => {
  it("come back to the repaired back end exactly once, and the books balance all the way", async () => {
    traces.status = 400;
    const rejected = await sendSpans("rejected", 4);
    await eventually("four dead letters", async () => (await exporterRow())["deadLettered"] === 40);
    traces.status = 503;
    const exhausted = await sendSpans("exhausted", 2);
    await eventually("two more", async () => (await exporterRow())["deadLettered"] === 60);
    expect((await list()).map(({ reason, items }) => [reason, items])).toEqual([
      ...Array.from({ length: 4 }, () => ["rejected", PER_REQUEST]),
      ...Array.from({ length: 2 }, () => ["retries_exhausted", PER_REQUEST]),
    ]);
    const [{ id } = { id: "" }] = await list("--contains", "item-exhausted-1-3");
    const { text } = await tidemark("dlq", "show", folder, id);
    expect(text).toContain('"name": "item-exhausted-1-3"');
    expect(text).toMatch(/^ {2}message +no more retries left: .*503/m);

    traces.status = 200;
    expect(await tidemark("dlq", "replay", folder, "--reason", "rejected")).toMatchObject({
      code: 0,
      text: expect.stringContaining("4 dead letters back in the sending queue."),
    });
    await eventually("the rejected ones", () => traces.taken.length >= rejected.length);
    expect(traces.taken.toSorted()).toEqual(rejected.toSorted());
    expect(await tidemark("dlq", "replay", folder, "--all")).toMatchObject({ code: 0 });
    await eventually("the rest", () => traces.taken.length >= 60);
    const fresh = await sendSpans("fresh", 1);
    await eventually("what came after them", () => traces.taken.length >= 70);
    expect(traces.taken.toSorted()).toEqual([...rejected, ...exhausted, ...fresh].toSorted());
    expect(await list()).toEqual([]);
    const row = await eventually("the last delivery in the books", async () => {
      const now = await exporterRow();
      return now["delivered"] === 70 && now;
    });
    expect(row).toMatchObject({ received: 70, restored: 60, delivered: 70, deadLettered: 60, failed: 0, held: 0, stored: 0, missing: 0 });
    const printed = await tidemark("ledger", "--admin", admin);
    expect(printed).toMatchObject({ code: 0, text: expect.stringContaining("The books balance at 3 nodes and 2 connections.") });
  });
});

describe("tidemark ledger --watch", () => {
  it("prints the books again and again", async () => {
    const child = startNode(["packages/collector/bin/tidemark.js", "ledger", "--watch", "--admin", admin]);
    await eventually("two prints", () => child.lines.filter((line) => line.startsWith("The books balance")).length >= 2);
    await child.stop();
  });
});

describe("the health of a collector whose back end hangs", () => {
  it("goes from UP over DEGRADED to DOWN, and back when it answers", async () => {
    expect(await health("/health")).toMatchObject({ code: 200, status: "UP" });
    logs.status = 0;
    await post("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "item-log" } }] }] }] });
    const degraded = await eventually("DEGRADED", async () => (await health("/health")).status === "DEGRADED" && (await health("/health")));
    expect(degraded).toMatchObject({ code: 200, reason_code: "no_progress" });
    expect(await health("/ready")).toMatchObject({ code: 200 });
    await eventually("DOWN", async () => (await health("/ready")).code === 503);
    expect(await health("/health")).toMatchObject({ code: 503, status: "DOWN", reason_code: "no_progress" });
    expect(await health("/liveness")).toMatchObject({ code: 200, status: "UP" });
    for (const response of logs.waiting.splice(0)) response.writeHead(200, { "content-type": "application/json" }).end("{}");
    await eventually("UP", async () => (await health("/health")).status === "UP");
    logs.status = 200;
  });
});
