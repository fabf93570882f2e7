import type { Ports } from "../peers/pipeline-yaml.ts";

/** The budget that resident memory has to stay under, in MiB. */
export const BUDGET_MIB = 320;
/** What the limiter of both systems is told. It acts on what the program holds; pages that the allocator keeps come on top. */
const LIMITER = "check_interval: 100ms, limit_mib: 256, spike_limit_mib: 64";

/**
 * A pipeline that refuses when it cannot keep up: a limiter first, then `batch`, then a queue that does not wait for room. Tidemark
 * has its limiter as an extension, which refuses before a request is read; the Go Collector of the comparison has only the processor.
 */
export function overloadYaml(system: "otelcol" | "tidemark", protocol: "grpc" | "http", ports: Ports): string {
  const isTidemark = system === "tidemark";
  const middleware = isTidemark ? ", middlewares: [{ id: memory_limiter }]" : "";
  const exporter =
    protocol === "grpc"
      ? `otlp: { endpoint: "127.0.0.1:${ports.backEnd}", tls: { insecure: true }, compression: none }`
      : `otlphttp: { endpoint: "http://127.0.0.1:${ports.backEnd}", compression: none }`;
  return `
receivers:
  otlp:
    protocols:
      grpc: { endpoint: "127.0.0.1:${ports.grpc}", max_recv_msg_size_mib: 64${middleware} }
      http: { endpoint: "127.0.0.1:${ports.http}"${middleware} }
${isTidemark ? "extensions" : "processors"}:
  memory_limiter: { ${LIMITER} }
${isTidemark ? "processors:" : ""}
  batch: { send_batch_size: 8192, timeout: 200ms }
exporters:
  ${exporter}
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  ${isTidemark ? "extensions: [memory_limiter]" : ""}
  pipelines:
    traces: { receivers: [otlp], processors: [${isTidemark ? "" : "memory_limiter, "}batch], exporters: [${exporter.split(":")[0]}] }
`;
}
