/** Ports of one collector. */
export interface Ports {
  readonly http: number;
  readonly grpc: number;
  readonly health: number;
  readonly admin: number;
}

/** How batches are put together on their way. */
export type Batching = "none" | "processor" | "queue";

/** What a pipeline looks like. */
export interface Shape {
  readonly batching: Batching;
  readonly transport: "http" | "grpc";
  /** Where the back end listens. */
  readonly backEnd: { readonly http: string; readonly grpc: string };
  /** Directory of the storage; one in the round's own folder unless given. */
  readonly storage?: string;
  readonly maxBytes?: number;
  readonly minFreeBytes?: number;
  readonly recreate?: boolean;
  /** false: the queue lives in memory, and a kill loses it. */
  readonly isDurable?: boolean;
  /** Names of the exporters that get everything; one without a name unless given. */
  readonly exporters?: readonly string[];
  readonly consumers?: number;
  /** In MiB: a change makes the receiver anew. */
  readonly largestBody?: number;
  /** Changes of the file are taken over. */
  readonly isWatched?: boolean;
}

const BATCH = { send: 200, timeout: "100ms" };
const SMALL_STORAGE = 32 * 2 ** 20;

/** The pipeline that is tried: everything that arrives goes through a durable queue, and is sent again for ever. */
export function pipelineYaml(shape: Shape, ports: Ports): string {
  const { batching, transport, storage = "", maxBytes = SMALL_STORAGE, minFreeBytes = 0, recreate = false } = shape;
  const type = transport === "http" ? "otlp_http" : "otlp_grpc";
  const ids = (shape.exporters ?? [""]).map((name) => (name === "" ? type : `${type}/${name}`));
  const pipeline = `{ receivers: [otlp], processors: [${batching === "processor" ? "batch" : ""}], exporters: [${ids.join(", ")}] }`;
  return `receivers:
  otlp:
    protocols:
      http: { endpoint: "127.0.0.1:${ports.http}", max_request_body_size: ${(shape.largestBody ?? 20) * 2 ** 20} }
      grpc: { endpoint: "127.0.0.1:${ports.grpc}" }
processors:
  batch: { send_batch_size: ${BATCH.send}, timeout: ${BATCH.timeout} }
exporters:
${ids.map((id) => exporterYaml(id, shape)).join("")}extensions:
  admin: { endpoint: "127.0.0.1:${ports.admin}" }
  health_check: { endpoint: "127.0.0.1:${ports.health}" }
  file_storage:
    directory: "${storage}"
    create_directory: true
    max_bytes: ${maxBytes}
    min_free_bytes: ${minFreeBytes}
    recreate: ${recreate}
service:
  extensions: [admin, health_check, file_storage]
  telemetry: { metrics: { level: none }, logs: { sampling: { enabled: false } } }
  pipelines:
    traces: ${pipeline}
    metrics: ${pipeline}
    logs: ${pipeline}
`;
}

function exporterYaml(id: string, { transport, backEnd, batching, isDurable = true, consumers = 10 }: Shape): string {
  const storage = isDurable ? "storage: file_storage, " : "";
  const joined = batching === "queue" ? `, batch: { sizer: items, min_size: ${BATCH.send}, flush_timeout: ${BATCH.timeout} }` : "";
  return `  ${id}:
    endpoint: "${backEnd[transport]}"
    compression: none
    tls: { insecure: true }
    timeout: 2s
    retry_on_failure:
      initial_interval: 50ms
      max_interval: 500ms
      max_elapsed_time: 0s
      circuit_breaker: { half_open_after: 200ms }
    sending_queue: { ${storage}queue_size: 100000, num_consumers: ${consumers}${joined} }
`;
}
