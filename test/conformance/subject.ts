import { startCollector, type Collector } from "../lib/collector.ts";
import { openConnection, type Connection, type Transport } from "../lib/otlp-client.ts";
import { ProtoTypes } from "../lib/proto-types.ts";
import { startScriptedBackend, type ScriptedBackend } from "../lib/scripted-backend.ts";

/** Receivers of the collector under test beside `main`, and what their `http` and `grpc` sections and they themselves have. */
const RECEIVERS = {
  /** Limits that are cheap to pass. */
  small: { http: "max_request_body_size: 65536", grpc: "max_recv_msg_size_mib: 1", own: "" },
  /** A byte budget that is soon used up. */
  tight: { http: "max_request_body_size: 1048576", grpc: "max_recv_msg_size_mib: 1", own: "max_in_flight_bytes: 1048576" },
  paths: { http: "traces_url_path: /in/t, metrics_url_path: /in/m, logs_url_path: /in/l", grpc: "", own: "" },
  /** Takes more than an exporter may send. */
  huge: { http: "max_request_body_size: 134217728", grpc: "", own: "max_in_flight_bytes: 1073741824" },
  /** Its pipelines end in the exporter of that protocol, which retries. */
  to_grpc: { http: "", grpc: "", own: "" },
  to_http: { http: "", grpc: "", own: "" },
  huge_to_http: { http: "max_request_body_size: 134217728", grpc: "", own: "max_in_flight_bytes: 1073741824" },
  to_json: { http: "", grpc: "", own: "" },
  /** Its exporters have queues with three consumers. */
  queued_grpc: { http: "", grpc: "", own: "" },
  queued_http: { http: "", grpc: "", own: "" },
  /** Two destinations at once. */
  fan: { http: "", grpc: "", own: "" },
  /** Exporters whose back end is not there yet. */
  late_grpc: { http: "", grpc: "", own: "" },
  late_http: { http: "", grpc: "", own: "" },
} as const;

const NAMES = Object.keys(RECEIVERS) as (keyof typeof RECEIVERS)[];
export type ReceiverName = "main" | keyof typeof RECEIVERS;

/** Which receivers feed which exporters. */
const PIPELINES: readonly (readonly [receivers: string, exporters: string])[] = [
  ["otlp, otlp/small, otlp/tight, otlp/paths", "otlp_grpc/direct"],
  ["otlp/huge, otlp/to_grpc", "otlp_grpc/retry"],
  ["otlp/huge_to_http, otlp/to_http", "otlp_http/retry"],
  ["otlp/to_json", "otlp_http/json"],
  ["otlp/queued_grpc", "otlp_grpc/queued"],
  ["otlp/queued_http", "otlp_http/queued"],
  ["otlp/fan", "otlp_grpc/fan, otlp_http/fan"],
  ["otlp/late_grpc", "otlp_grpc/late"],
  ["otlp/late_http", "otlp_http/late"],
];
const SIGNALS = ["traces", "metrics", "logs"] as const;

/** Wait before the first retry of the exporters under test, before jitter. */
export const FIRST_RETRY_MS = 100;

/** The collector under test and the back end behind it. */
export interface Subject {
  readonly proto: ProtoTypes;
  readonly backend: ScriptedBackend;
  readonly collector: Collector;
  /** Ports on which the `late` exporters look for a back end. */
  readonly latePorts: PortPair;
  /** A service.name that nobody else uses. */
  newService(): string;
  /** Address of a receiver. */
  url(receiver: ReceiverName, transport: Transport): string;
  /** A connection that stays open until the end. */
  connection(receiver: ReceiverName, transport: Transport): Connection;
  /** The collector's own metrics in the Prometheus text. */
  metrics(): Promise<string>;
  close(): Promise<void>;
}

interface PortPair {
  readonly http: number;
  readonly grpc: number;
}

interface Ports {
  readonly receivers: ReadonlyMap<string, PortPair>;
  readonly late: PortPair;
  readonly metrics: number;
}

/** Starts one collector with all that the rules need, and its back end. */
export async function startSubject(): Promise<Subject> {
  const proto = new ProtoTypes();
  const backend = await startScriptedBackend(proto);
  let ports = portsOf([]);
  const collector = await startCollector({
    ports: NAMES.length * 2 + 3,
    write: (found) => {
      ports = portsOf(found);
      return configuration(backend, ports);
    },
  });
  const connections = new Map<string, Connection>();
  let services = 0;
  const url: Subject["url"] = (receiver, transport) => {
    if (receiver === "main") return transport === "grpc" ? collector.grpc : collector.http;
    return `http://127.0.0.1:${ports.receivers.get(receiver)?.[transport === "grpc" ? "grpc" : "http"]}`;
  };
  return {
    proto,
    backend,
    collector,
    latePorts: ports.late,
    newService: () => `case-${(services += 1)}`,
    url,
    connection: (receiver, transport) => {
      const key = `${receiver} ${transport}`;
      const known = connections.get(key) ?? openConnection(transport, url(receiver, transport));
      connections.set(key, known);
      return known;
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text(),
    close: async () => {
      for (const connection of connections.values()) connection.close();
      await collector.stop();
      await backend.close();
    },
  };
}

function portsOf(found: readonly number[]): Ports {
  const pair = (index: number): PortPair => ({ http: found[index * 2] ?? 0, grpc: found[index * 2 + 1] ?? 0 });
  const receivers = new Map(NAMES.map((name, index) => [name as string, pair(index)]));
  return { receivers, late: pair(NAMES.length), metrics: found[NAMES.length * 2 + 2] ?? 0 };
}

function configuration(backend: ScriptedBackend, { receivers, late, metrics }: Ports): string {
  const lines = NAMES.map((name) => receiverYaml(name, receivers.get(name) ?? { http: 0, grpc: 0 }));
  return `receivers:\n${lines.join("\n")}\nexporters:\n${exportersYaml(backend, late)}\nservice:\n${serviceYaml(metrics)}`;
}

function receiverYaml(name: keyof typeof RECEIVERS, ports: PortPair): string {
  const { http, grpc, own } = RECEIVERS[name];
  const section = (port: number, more: string): string => `{ endpoint: "127.0.0.1:${port}"${more === "" ? "" : `, ${more}`} }`;
  const protocols = `protocols: { http: ${section(ports.http, http)}, grpc: ${section(ports.grpc, grpc)} }`;
  return `  otlp/${name}: { ${protocols}${own === "" ? "" : `, ${own}`} }`;
}

function exportersYaml(backend: ScriptedBackend, late: PortPair): string {
  // The breaker belongs to an exporter, not to a request: it would let the failures of one rule wait for another's.
  const retry = `retry_on_failure: { initial_interval: ${FIRST_RETRY_MS}ms, randomization_factor: 0.5, multiplier: 2, max_interval: 5s, max_elapsed_time: 10s, circuit_breaker: { enabled: false } }`;
  const held = `sending_queue: { enabled: false }, ${retry}`;
  const queued = `sending_queue: { num_consumers: 3, wait_for_result: true }, ${retry}`;
  const grpc = `endpoint: "${backend.grpc}"`;
  const http = `endpoint: "${backend.http}"`;
  const give = "retry_on_failure: { enabled: false }";
  return [
    `  otlp_grpc/direct: { ${grpc}, compression: none, sending_queue: { enabled: false }, ${give}, timeout: 20s }`,
    `  otlp_grpc/retry: { ${grpc}, ${held} }`,
    `  otlp_http/retry: { ${http}, ${held} }`,
    `  otlp_http/json: { ${http}, encoding: json, compression: none, ${held} }`,
    `  otlp_grpc/queued: { ${grpc}, compression: none, ${queued} }`,
    `  otlp_http/queued: { ${http}, compression: none, max_conns_per_host: 2, ${queued} }`,
    `  otlp_grpc/fan: { ${grpc}, ${retry} }`,
    `  otlp_http/fan: { ${http}, ${retry} }`,
    `  otlp_grpc/late: { endpoint: "http://127.0.0.1:${late.grpc}", ${held} }`,
    `  otlp_http/late: { endpoint: "http://127.0.0.1:${late.http}", ${held} }`,
  ].join("\n");
}

function serviceYaml(metricsPort: number): string {
  const reader = `{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${metricsPort} } } } }`;
  const pipelines = PIPELINES.flatMap(([receivers, exporters], index) =>
    SIGNALS.map((signal) => `    ${signal}/${index}: { receivers: [${receivers}], exporters: [${exporters}] }`),
  );
  return `  telemetry: { metrics: { level: normal, readers: [${reader}] } }\n  pipelines:\n${pipelines.join("\n")}\n`;
}
