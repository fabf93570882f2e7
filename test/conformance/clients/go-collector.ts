import { spawn } from "node:child_process";
import { once } from "node:events";
import { deepEqual, ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePorts } from "@tidemark/core/testing";
import { startCollector } from "../../lib/collector.ts";
import { openConnection } from "../../lib/otlp-client.ts";
import type { Signal } from "../../lib/payload.ts";
import { DATA_TYPES } from "../../lib/proto-types.ts";
import { eventually } from "../../lib/eventually.ts";
import { BUILD_PEERS, OTELCOL } from "../../lib/peers.ts";
import { everyField, toReference } from "../samples.ts";
import { exists, run, Skipped, type Client, type ClientRow, type Stage } from "./client.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const WAYS = (["grpc", "http"] as const).flatMap((protocol) => ["none", "gzip", "zstd"].map((compression) => ({ protocol, compression })));

/** The Go Collector that the comparisons use: as a sender to us, and as the back end behind us. */
export const goCollector: Client = {
  name: "Go Collector",
  prepare: async () => {
    const program = OTELCOL;
    if (!(await exists(program)) && (await exists(BUILD_PEERS))) await run("sh", [BUILD_PEERS], { deadlineMs: 900_000 });
    if (!(await exists(program))) throw new Skipped("otelcol-peer is not here, nor ../shared/peers that builds it");
    const { output } = await run(program, ["--version"]);
    const version = /\d+\.\d+\.\d+/.exec(output)?.[0] ?? "of unknown version";
    return WAYS.flatMap(({ protocol, compression }) => {
      const name = `${protocol === "grpc" ? "gRPC" : "HTTP"}, ${compression}`;
      const rows: ClientRow[] = [
        { name: `${version} sends to us over ${name}`, run: (stage) => fromThem(program, stage, protocol, compression) },
        { name: `${version} receives from us over ${name}`, run: (stage) => toThem(program, stage, protocol, compression) },
      ];
      return rows;
    });
  },
};

type Protocol = "grpc" | "http";

function exporter(kind: "ours" | "theirs", protocol: Protocol, url: string, compression: string): Record<string, unknown> {
  const name = kind === "ours" ? { grpc: "otlp_grpc", http: "otlp_http" }[protocol] : { grpc: "otlp", http: "otlphttp" }[protocol];
  const endpoint = protocol === "grpc" ? new URL(url).host : url;
  return { [name]: { endpoint, compression, tls: { insecure: true }, sending_queue: { enabled: false } } };
}

function pipelines(receivers: readonly string[], exporters: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(SIGNALS.map((signal) => [signal, { receivers, exporters }]));
}

/** Starts otelcol with one otlp receiver; resolves with its addresses when it listens. */
async function startTheirs(
  program: string,
  scratch: string,
  exporters: Record<string, unknown>,
): Promise<{ readonly http: string; readonly grpc: string; stop(): Promise<void> }> {
  const [http = 0, grpc = 0] = await freePorts(2);
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${http}` }, grpc: { endpoint: `127.0.0.1:${grpc}` } } } },
    exporters,
    service: { telemetry: { metrics: { level: "none" } }, pipelines: pipelines(["otlp"], Object.keys(exporters)) },
  };
  const file = join(scratch, `otelcol-${http}.yaml`);
  await writeFile(file, JSON.stringify(config));
  const child = spawn(program, ["--config", file], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const ended = once(child, "close");
  await eventually("otelcol is ready", () => log.includes("Everything is ready") || (child.exitCode !== null && fail(log)), 20_000);
  return {
    http: `http://127.0.0.1:${http}`,
    grpc: `http://127.0.0.1:${grpc}`,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function fail(log: string): never {
  throw new Error(`otelcol ended: ${log.slice(-500)}`);
}

async function fromThem(program: string, stage: Stage, protocol: Protocol, compression: string): Promise<void> {
  const theirs = await startTheirs(program, stage.scratch, exporter("theirs", protocol, stage.collector[protocol], compression));
  try {
    await sendAndCompare(stage, theirs.http);
  } finally {
    await theirs.stop();
  }
}

async function toThem(program: string, stage: Stage, protocol: Protocol, compression: string): Promise<void> {
  const theirs = await startTheirs(program, stage.scratch, exporter("theirs", "grpc", stage.backend.grpc, "none"));
  const exporters = exporter("ours", protocol, theirs[protocol], compression);
  const ours = await startCollector(JSON.stringify({ exporters, service: { pipelines: pipelines(["otlp"], Object.keys(exporters)) } }));
  try {
    await sendAndCompare(stage, ours.http);
  } finally {
    await ours.stop();
    await theirs.stop();
  }
}

/** Sends every field of the three signals to `target` and compares what comes out at the far end. */
async function sendAndCompare(stage: Stage, target: string): Promise<void> {
  const connection = openConnection("http/1.1", target);
  try {
    for (const signal of SIGNALS) {
      const service = stage.newService();
      const body = stage.proto.encode(DATA_TYPES[signal], toReference(everyField(signal, service)));
      const headers = { "content-type": "application/x-protobuf" };
      const answer = await connection.ask({ method: "POST", path: `/v1/${signal}`, headers, body });
      ok(answer.status === 200, `${signal}: HTTP ${answer.status} ${answer.error ?? answer.body.toString()}`);
      deepEqual(
        stage.backend.attempts(service).map((attempt) => attempt.data),
        [stage.proto.decode(DATA_TYPES[signal], body)],
      );
    }
  } finally {
    connection.close();
  }
}
