import { readdirSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { startCollector, type Collector } from "../lib/collector.ts";
import { processTree, residentMB } from "../lib/process-tree.ts";
import { eventually } from "../lib/eventually.ts";

const MIB = 1 << 20;
/** Small limits, so that what leaks is soon missed. */
const IN_FLIGHT_BYTES = 16 * MIB;
const LARGEST_BYTES = 4 * MIB;
const YAML = `
receivers:
  otlp:
    max_in_flight_bytes: ${IN_FLIGHT_BYTES}
    protocols:
      http: { max_request_body_size: ${LARGEST_BYTES}, read_timeout: 2s, read_header_timeout: 1s }
      grpc: { max_recv_msg_size_mib: ${LARGEST_BYTES / MIB}, read_timeout: 2s }
exporters: { file: { path: /dev/null } }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [file] }
    metrics: { receivers: [otlp], exporters: [file] }
    logs: { receivers: [otlp], exporters: [file] }
`;
const SLOWEST_MS = 1000;
const CANARY_EVERY_MS = 50;
const GRPC_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const JSON_BODY = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: "canary" }] }] }] });
/** The same in protobuf, in a gRPC frame. */
const GRPC_BODY = Buffer.concat([Buffer.from([0, 0, 0, 0, 14, 0x0a, 12, 0x12, 10, 0x12, 8, 0x2a, 6]), Buffer.from("canary")]);
/** Words of the collector's log that no client may cause. */
const ALARMS = /\b(?:error|fatal|warn)\b|Error:|uncaught|unhandled|^\s+at /i;

/** A collector that is attacked, and what tells whether it is well. */
export class WatchedCollector {
  readonly collector: Collector;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly faults: string[] = [];
  canaries = 0;
  slowestMs = 0;
  #linesSeen = 0;
  #isOver = false;
  #canary: Promise<void> = Promise.resolve();
  #sockets = 0;

  private constructor(collector: Collector) {
    this.collector = collector;
    this.httpPort = Number(new URL(collector.http).port);
    this.grpcPort = Number(new URL(collector.grpc).port);
  }

  static async start(): Promise<WatchedCollector> {
    const watched = new WatchedCollector(await startCollector(YAML));
    watched.#sockets = watched.openSockets();
    watched.#canary = watched.#runCanary();
    return watched;
  }

  /** Megabytes of the collector's processes. */
  get residentMB(): number {
    return residentMB(this.#pids());
  }

  /** Sockets that it has open. */
  openSockets(): number {
    return this.#pids().reduce((sum, pid) => sum + socketsOf(pid), 0);
  }

  /** What it has logged since the last call, and must not. */
  newAlarms(): string[] {
    const { lines } = this.collector.child;
    const fresh = lines.slice(this.#linesSeen).filter((line) => ALARMS.test(line));
    this.#linesSeen = lines.length;
    if (this.collector.child.process.exitCode !== null) fresh.push("the collector has ended");
    return fresh;
  }

  /** Waits until nobody is served, and says what did not go back to where it was: connections, requests, bytes in flight. */
  async leftovers(): Promise<string[]> {
    const faults: string[] = [];
    await this.#stopCanary();
    await eventually("sockets are closed", () => this.openSockets() <= this.#sockets, 15_000).catch(() =>
      faults.push(`${this.openSockets() - this.#sockets} connections are still open`),
    );
    // As much at once as fits when nothing is held: what was lost is missing here.
    const largest = `{"resourceSpans":[],"x":"${"y".repeat(LARGEST_BYTES - 100)}"}`;
    const statuses = await Promise.all([1, 2, 3].map(() => this.#post(largest)));
    if (statuses.some((status) => status !== 200)) faults.push(`requests of ${LARGEST_BYTES} bytes are answered ${statuses.join(", ")}`);
    this.#isOver = false;
    this.#canary = this.#runCanary();
    return faults;
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    await this.#stopCanary();
    return this.collector.stop();
  }

  async #stopCanary(): Promise<void> {
    this.#isOver = true;
    await this.#canary;
  }

  /** A client like any other, on connections of its own, all the time. */
  async #runCanary(): Promise<void> {
    const session = connect(this.collector.grpc);
    session.on("error", () => undefined);
    while (!this.#isOver) {
      const startedAt = performance.now();
      const lag = watchLag();
      const late = new Promise<string>((resolve) => void setTimeout(() => resolve("none"), 5 * SLOWEST_MS).unref());
      const call = this.canaries % 2 === 0 ? this.#post(JSON_BODY).then(String) : grpcCall(session);
      const answer = await Promise.race([call, late]);
      // What this process itself was late with is not the collector's fault.
      const ms = performance.now() - startedAt - lag();
      this.canaries += 1;
      this.slowestMs = Math.max(this.slowestMs, ms);
      if (ms > SLOWEST_MS) this.faults.push(`a canary waited ${Math.round(ms)} ms`);
      if (answer !== "200" && answer !== "0") this.faults.push(`a canary was answered ${answer}`);
      await sleep(CANARY_EVERY_MS);
    }
    session.destroy();
  }

  async #post(body: string): Promise<number> {
    const headers = { "content-type": "application/json", connection: "close" };
    return fetch(`${this.collector.http}/v1/traces`, { method: "POST", headers, body }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
  }

  #pids(): number[] {
    const { pid } = this.collector.child.process;
    return pid === undefined ? [] : processTree(pid);
  }
}

/** One gRPC call; resolves with its grpc-status. */
function grpcCall(session: ClientHttp2Session): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({ ":method": "POST", ":path": GRPC_PATH, "content-type": "application/grpc", te: "trailers" });
    let status = "no status";
    stream.on("response", (headers) => void (status = String(headers["grpc-status"] ?? status)));
    stream.on("trailers", (headers) => void (status = String(headers["grpc-status"] ?? status)));
    stream.on("error", (error) => resolve(error.message));
    stream.on("close", () => resolve(status));
    stream.resume();
    stream.end(GRPC_BODY);
  });
}

/** Milliseconds by which timers of this process came late since. */
function watchLag(): () => number {
  const interval = 20;
  let last = performance.now();
  let lag = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    lag += Math.max(0, now - last - interval - 5);
    last = now;
  }, interval);
  return () => {
    clearInterval(timer);
    return lag + Math.max(0, performance.now() - last - interval - 5);
  };
}

function socketsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`, { withFileTypes: true }).length;
  } catch {
    return 0;
  }
}
