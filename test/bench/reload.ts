// How long a change of the configuration takes to become active, and that nothing is lost meanwhile: real processes under load, by each
// trigger in turn. etcd is measured where `etcd` is in the PATH.
//   npm run bench -- reload [--reloads 40]
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePorts } from "@tidemark/core/testing";
import { startNode, type Child } from "../lib/child.ts";
import { eventually } from "../lib/eventually.ts";
import type { OpenLoopReport } from "../lib/open-loop.ts";
import { listen } from "../lib/server-io.ts";
import { missingAt } from "../lib/sink-client.ts";

const { values } = parseArgs({ options: { reloads: { type: "string", default: "40" } } });
const RELOADS = Number(values.reloads);
/** As in packages/collector/src/reload/watch-files.ts. */
const DEBOUNCE_MS = 200;
const GOAL_MS = 100;
/** A change that takes longer is taken for one that never becomes active. */
const GIVE_UP_MS = 30_000;
const POLL_MS = 1000;
const ITEMS_PER_SECOND = 10_000;

/** A way to change the configuration of a collector that runs. */
interface Trigger {
  readonly name: string;
  /** What is waited for on purpose before the change is looked at. */
  readonly waitsMs: number;
  /** Arguments of `tidemark run`, once `text` is where they point to. */
  prepare(text: string): Promise<readonly string[]>;
  change(text: string, collector: Child): Promise<unknown>;
  close(): Promise<unknown>;
}

const folder = await mkdtemp(join(tmpdir(), "tidemark-bench-reload-"));
const file = join(folder, "pipeline.yaml");
const sink = startNode(["test/lib/sink.ts"]);
const { http: sinkPort } = JSON.parse(await sink.line(/^\{/)) as { http: number };
const [port = 0] = await freePorts(1);

const yaml = (version: number): string => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
processors: { batch: { timeout: ${50 + version}ms } }
exporters: { otlp_http: { endpoint: "http://127.0.0.1:${sinkPort}" } }
service:
  telemetry: { logs: { sampling: { enabled: false } }, metrics: { level: none } }
  pipelines: { traces: { receivers: [otlp], processors: [batch], exporters: [otlp_http] } }
`;

const nothing = async (): Promise<void> => {};
const prepareFile = async (text: string): Promise<readonly string[]> => {
  await writeFile(file, text);
  return ["--watch", file];
};

function triggers(): readonly Trigger[] {
  return [
    { name: "file in place", waitsMs: DEBOUNCE_MS, prepare: prepareFile, change: (text) => writeFile(file, text), close: nothing },
    {
      name: "file renamed",
      waitsMs: DEBOUNCE_MS,
      prepare: prepareFile,
      change: async (text) => {
        await writeFile(`${file}~`, text);
        await rename(`${file}~`, file);
      },
      close: nothing,
    },
    {
      name: "SIGHUP",
      waitsMs: 0,
      prepare: async (text) => (await prepareFile(text)).slice(1),
      change: async (text, collector) => {
        await writeFile(file, text);
        collector.process.kill("SIGHUP");
      },
      close: nothing,
    },
    httpTrigger(),
  ];
}

function httpTrigger(): Trigger {
  let text = "";
  const server = createServer((_request, response) => void response.end(text));
  return {
    name: `http, polled every ${POLL_MS} ms`,
    waitsMs: POLL_MS,
    prepare: async (first) => {
      text = first;
      return ["--watch", "--poll-interval", `${POLL_MS}ms`, `http://127.0.0.1:${await listen(server)}/pipeline.yaml`];
    },
    change: async (next) => (text = next),
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Undefined where there is no etcd. */
async function etcdTrigger(): Promise<Trigger | undefined> {
  const [client = 0, peer = 0] = await freePorts(2);
  const at = (p: number): string => `http://127.0.0.1:${p}`;
  const urls = ["--listen-client-urls", at(client), "--advertise-client-urls", at(client), "--listen-peer-urls", at(peer)];
  const child = spawn("etcd", ["--data-dir", join(folder, "etcd"), "--log-level", "error", ...urls], { stdio: "ignore" });
  const isThere = await new Promise<boolean>((resolve) => child.once("spawn", () => resolve(true)).once("error", () => resolve(false)));
  if (!isThere) return undefined;
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const put = (text: string): Promise<Response> =>
    fetch(`${at(client)}/v3/kv/put`, { method: "POST", body: JSON.stringify({ key: base64("/pipeline"), value: base64(text) }) });
  return {
    name: "etcd",
    waitsMs: 0,
    prepare: async (text) => {
      await eventually("etcd takes a value", () =>
        put(text).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      return ["--watch", `etcd://127.0.0.1:${client}/pipeline`];
    },
    change: put,
    close: async () => child.kill(),
  };
}

interface Result {
  readonly latencies: readonly number[];
  readonly report: OpenLoopReport;
  readonly missing: number;
}

async function measure(trigger: Trigger, sender: number): Promise<Result> {
  const args = await trigger.prepare(yaml(0));
  const collector = startNode(["packages/collector/bin/tidemark.js", "run", ...args]);
  let loadgen: Child | undefined;
  try {
    await collector.line(/is ready after/);
    const seconds = Math.ceil((RELOADS * (trigger.waitsMs + 130)) / 1000);
    const target = ["--target", `http://127.0.0.1:${port}`, "--sender", String(sender)];
    loadgen = startNode(["test/lib/open-loop.ts", ...target, "--phases", `${ITEMS_PER_SECOND}:${seconds}`]);
    await sleep(500);
    const latencies: number[] = [];
    for (let version = 1; version <= RELOADS; version++) latencies.push(await activation(trigger, collector, yaml(version)));
    const report = JSON.parse(await loadgen.line(/^\{"phases"/, 120_000)) as OpenLoopReport;
    await collector.stop();
    return { latencies, report, missing: await missingAt(`http://127.0.0.1:${sinkPort}`, report.ranges) };
  } finally {
    await loadgen?.stop("SIGKILL");
    await collector.stop("SIGKILL");
  }
}

/** Milliseconds from the end of the change to the line that says that it is active. */
async function activation(trigger: Trigger, collector: Child, text: string): Promise<number> {
  const seen = collector.lines.length;
  await sleep(Math.random() * 50);
  await trigger.change(text, collector);
  const changedAt = performance.now();
  while (!collector.lines.slice(seen).some((line) => line.includes("The new configuration is active."))) {
    if (performance.now() - changedAt > GIVE_UP_MS)
      throw new Error(`${trigger.name}: not active within ${GIVE_UP_MS} ms\n${collector.lines.slice(seen).join("\n")}`);
    await sleep(1);
  }
  return performance.now() - changedAt;
}

/** Nearest rank. */
const percentile = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

const etcd = await etcdTrigger();
const all = [...triggers(), ...(etcd === undefined ? [] : [etcd])];
try {
  if (etcd === undefined) console.log("etcd is not in the PATH; it is left out.");
  console.log(
    `${RELOADS} reloads each, under ${ITEMS_PER_SECOND} spans a second. Milliseconds from the change to the moment when it is active, without what is waited for on purpose.\n`,
  );
  console.log("trigger                       waits   p50   p95   max   requests  refused  items lost");
  for (const [index, trigger] of all.entries()) {
    const { latencies, report, missing } = await measure(trigger, index + 1);
    const sorted = latencies.map((ms) => ms - trigger.waitsMs).toSorted((a, b) => a - b);
    const [p50, p95, max] = [percentile(sorted, 0.5), percentile(sorted, 0.95), percentile(sorted, 1)].map((ms) =>
      ms.toFixed(0).padStart(5),
    );
    const acknowledged = report.phases.reduce((sum, phase) => sum + phase.acknowledged, 0);
    const refused = report.phases.reduce((sum, phase) => sum + phase.sent - phase.acknowledged + phase.unsent, 0);
    const verdict = percentile(sorted, 0.95) < GOAL_MS && missing === 0 ? "met" : "MISSED";
    if (verdict !== "met") process.exitCode = 1;
    console.log(
      `${trigger.name.padEnd(28)}  ${String(trigger.waitsMs).padStart(5)} ${p50} ${p95} ${max}  ${String(acknowledged).padStart(9)} ${String(refused).padStart(8)} ${String(missing).padStart(11)}  goal p95 < ${GOAL_MS}: ${verdict}`,
    );
  }
} finally {
  for (const trigger of all) await trigger.close();
  await sink.stop();
  await rm(folder, { recursive: true, force: true });
}
