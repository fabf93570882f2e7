import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts, seededRandom } from "@tidemark/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Books } from "../chaos/books.ts";
import { Load } from "../chaos/load.ts";
import { startMoodySink, type MoodySink } from "../chaos/moody-sink.ts";
import { startCollector, type Collector } from "../lib/collector.ts";
import { eventually } from "../lib/eventually.ts";

const LAG_MS = 1000;

let folder: string;
let books: Books;
let sink: MoodySink;
let ports: readonly number[];
let load: Load;
let collector: Collector;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-reload-"));
  books = new Books(LAG_MS);
  sink = await startMoodySink(books, seededRandom(1));
  ports = await freePorts(3);
});

afterEach(async () => {
  load.close();
  await collector.child.stop("SIGKILL");
  await sink.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a version of the configuration is made of. */
interface Version {
  /** Names of the exporters. */
  readonly exporters?: readonly string[];
  readonly consumers?: number;
  readonly directory?: string;
  readonly largestBody?: number;
  readonly timeoutMs?: number;
  readonly isBatched?: boolean;
}

/** Clients talk to a receiver of the test's own, so that it can change, too. */
function yaml({
  exporters = ["a"],
  consumers = 10,
  directory = "one",
  largestBody = 20,
  timeoutMs = 1000,
  isBatched = false,
}: Version): string {
  const [http = 0, grpc = 0, admin = 0] = ports;
  const exporter = (name: string): string => `
  otlp_http/${name}:
    endpoint: "${sink.http}"
    compression: none
    timeout: ${timeoutMs}ms
    retry_on_failure: { initial_interval: 50ms, max_interval: 200ms, max_elapsed_time: 0s, circuit_breaker: { half_open_after: 100ms } }
    sending_queue: { storage: file_storage, queue_size: 100000, num_consumers: ${consumers} }`;
  const pipeline = `{ receivers: [otlp/own], processors: [${isBatched ? "batch" : ""}], exporters: [${exporters.map((name) => `otlp_http/${name}`).join(", ")}] }`;
  return `
receivers:
  otlp/own:
    protocols:
      http: { endpoint: "127.0.0.1:${http}", max_request_body_size: ${largestBody << 20} }
      grpc: { endpoint: "127.0.0.1:${grpc}" }
processors: { batch: { timeout: 100ms } }
exporters:${exporters.map(exporter).join("")}
extensions:
  admin: { endpoint: "127.0.0.1:${admin}" }
  file_storage: { directory: "${join(folder, directory)}", create_directory: true }
service:
  extensions: [health_check, admin, file_storage]
  telemetry: { logs: { sampling: { enabled: false } } }
  pipelines: { traces: ${pipeline}, metrics: ${pipeline}, logs: ${pipeline} }
`;
}

async function start(version: Version, options: readonly string[] = []): Promise<void> {
  collector = await startCollector(yaml(version), options);
  const [http = 0, grpc = 0] = ports;
  load = new Load({ http: `http://127.0.0.1:${http}`, grpc: `http://127.0.0.1:${grpc}` }, books, seededRandom(2));
  load.start();
}

async function ask(path: string, method: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${ports[2]}/-/${path}`, { method });
  return (await answer.json()) as Record<string, unknown>;
}

async function reload(version: Version): Promise<void> {
  await writeFile(collector.file, yaml(version));
  expect(await ask("reload", "POST")).toMatchObject({ result: "reloaded" });
}

/** Resolves when clients are answered again; gives how long that took. */
async function untilAnswered(): Promise<number> {
  const since = performance.now();
  const before = load.answers.acknowledged;
  await eventually("an answer", () => load.answers.acknowledged > before);
  return performance.now() - since;
}

/** Everything acknowledged arrives, nothing twice without a reason, and the books balance at the end. */
async function expectAll(): Promise<void> {
  sink.mood = () => "healthy";
  expect(await load.stop()).toBe(0);
  await eventually("everything", () => books.missing().next().done === true);
  await eventually("an empty queue", async () =>
    ((await ask("ledger", "GET"))["nodes"] as { held: number }[]).every(({ held }) => held === 0),
  );
  expect(await ask("ledger", "GET")).toMatchObject({ balanced: true });
  expect(books.balance()).toMatchObject({ missing: 0, unexplained: 0 });
  expect(books.balance().acknowledged).toBeGreaterThan(500);
  expect(load.answers.wrong).toEqual({});
  expect(await collector.stop()).toBe(0);
}

function segments(): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\d{10}\.log$/.test(name));
}

describe("a reload of an exporter with a stored queue, under load", () => {
  it("hands the queue to the next one while the far side hangs: clients wait for one try, not for the queue", async () => {
    await start({});
    await sleep(300);
    sink.mood = () => "hanging";
    await sleep(300);
    for (const consumers of [9, 8, 7]) {
      await reload({ consumers });
      expect(await untilAnswered()).toBeLessThan(2500);
    }
    await expectAll();
  }, 40_000);

  it("changes it together with its receiver, while requests wait in a processor that goes on", async () => {
    await start({ isBatched: true });
    for (let round = 0; round < 6; round++) {
      await sleep(150);
      await reload({ isBatched: true, consumers: 9 - round, largestBody: 21 + round });
      expect(await untilAnswered()).toBeLessThan(2500);
    }
    await expectAll();
  }, 40_000);

  it("comes again while the exporters before still send what they have on their way", async () => {
    await start({ timeoutMs: 2000 });
    await sleep(300);
    sink.mood = () => "slow";
    for (let round = 0; round < 12; round++) {
      await sleep(30);
      // Some of them are away for one round, and come back before they have ended.
      await reload({ consumers: 9 - (round % 5), exporters: round % 3 === 1 ? ["b"] : ["a"], timeoutMs: 2000 });
    }
    expect(await untilAnswered()).toBeLessThan(2500);
    // With both of them, everything new would go to both.
    expect(await load.stop()).toBe(0);
    await reload({ exporters: ["a", "b"] });
    await expectAll();
  }, 40_000);

  it("keeps what is stored for an exporter that is taken away or gets another name, and sends it when the name is back", async () => {
    await start({});
    sink.mood = () => "down";
    await sleep(500);
    await reload({ exporters: ["renamed"] });
    sink.mood = () => "healthy";
    expect(await untilAnswered()).toBeLessThan(2500);
    await sleep(300);
    expect(await load.stop()).toBe(0);
    // What the old one had is not there: it could not send it before it was taken away.
    expect(books.missing().next().done).toBe(false);
    await reload({ exporters: ["renamed", "a"] });
    await expectAll();
  }, 40_000);

  it("opens another directory, and finds what the first one holds when that is back", async () => {
    await start({});
    sink.mood = () => "down";
    await sleep(500);
    await reload({ directory: "two" });
    sink.mood = () => "healthy";
    expect(await untilAnswered()).toBeLessThan(2500);
    expect(await load.stop()).toBe(0);
    expect(segments().some((name) => name.startsWith("one"))).toBe(true);
    await reload({ directory: "one" });
    await expectAll();
    expect(segments()).toEqual([]);
  }, 40_000);

  it.skipIf(platform() !== "linux")(
    "does so in two workers, one after the other",
    async () => {
      await start({}, ["--workers", "2"]);
      for (let round = 0; round < 5; round++) {
        const mood = round % 2 === 0 ? "slow" : "healthy";
        sink.mood = () => mood;
        await sleep(200);
        await reload({ consumers: 9 - round });
      }
      await expectAll();
      expect(segments()).toEqual([]);
    },
    60_000,
  );
});
