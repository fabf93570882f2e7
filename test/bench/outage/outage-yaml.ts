/** Where the queue in front of the back end lives; `none`: the client waits for the back end. */
export type Queueing = "none" | "memory" | "disk";

/** A pipeline that passes spans through one queue. Goes with the frame of `startCollector`. */
export function outageYaml(queueing: Queueing, backEnd: string, storage: string): string {
  const queue = {
    none: "{ enabled: false }",
    memory: "{ queue_size: 1000 }",
    disk: "{ storage: file_storage, queue_size: 1000000000 }",
  }[queueing];
  return `
exporters:
  otlp_http:
    endpoint: "${backEnd}"
    compression: none
    retry_on_failure: { max_elapsed_time: 0s }
    sending_queue: ${queue}
extensions:
  file_storage: { directory: "${storage}", create_directory: true, max_bytes: ${2 ** 34} }
service:
  extensions: [health_check${queueing === "disk" ? ", file_storage" : ""}]
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp_http] }
`;
}
