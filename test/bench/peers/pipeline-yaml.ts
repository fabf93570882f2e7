import type { Row, Work } from "./rows.ts";

/** Where a system under test listens and sends to, all on loopback. */
export interface Ports {
  readonly grpc: number;
  readonly http: number;
  readonly backEnd: number;
}

const PROCESSORS: Readonly<Record<Work, string>> = {
  direct: "[]",
  batch: "[batch]",
  attributes: "[attributes, batch]",
  sampler: "[probabilistic_sampler, batch]",
};
const DEFINITIONS: Readonly<Record<Work, string>> = {
  direct: "",
  batch: "",
  attributes: `
  attributes:
    actions:
      - { key: deployment.environment.name, value: production, action: upsert }
      - { key: client.address, action: delete }`,
  sampler: `
  probabilistic_sampler: { sampling_percentage: 10 }`,
};

/**
 * The pipeline of a row, one YAML text for Tidemark and the Go Collector. `direct` has no queue, so that a client is answered when
 * the back end has answered; in the other rows it is answered when the data is queued.
 */
export function pipelineYaml(row: Row, ports: Ports): string {
  const queue = row.work === "direct" ? "{ enabled: false }" : "{ num_consumers: 4, queue_size: 64, block_on_overflow: true }";
  const exporter = row.transport === "grpc" ? "otlp" : "otlphttp";
  const endpoint = row.transport === "grpc" ? `127.0.0.1:${ports.backEnd}, tls: { insecure: true }` : `http://127.0.0.1:${ports.backEnd}`;
  return `
receivers:
  otlp:
    protocols:
      grpc: { endpoint: "127.0.0.1:${ports.grpc}", max_recv_msg_size_mib: 64 }
      http: { endpoint: "127.0.0.1:${ports.http}" }
processors:
  batch: { send_batch_size: 8192, timeout: 200ms }${DEFINITIONS[row.work]}
exporters:
  ${exporter}: { endpoint: ${endpoint}, compression: ${row.compression}, sending_queue: ${queue} }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    ${row.signal}: { receivers: [otlp], processors: ${PROCESSORS[row.work]}, exporters: [${exporter}] }
`;
}
