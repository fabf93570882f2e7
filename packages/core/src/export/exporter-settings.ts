import type { QueueConfig, RetryConfig } from "../fields/exporter-fields.ts";

/** What the graph puts around an exporter: taken from the fields of the same names in its configuration. */
export interface ExporterSettings {
  readonly queue: QueueConfig | undefined;
  readonly retry: RetryConfig | undefined;
  /** Longest time of one attempt in milliseconds; 0 for no limit. */
  readonly timeoutMs: number;
}

/** Reads the fields that `queueField`, `retryField` and `timeoutField` have checked. Exporters without them get no queue and no retry. */
export function exporterSettings(config: unknown): ExporterSettings {
  const fields = (config ?? {}) as { sending_queue?: QueueConfig; retry_on_failure?: RetryConfig; timeout?: number };
  return {
    queue: fields.sending_queue?.enabled === true ? fields.sending_queue : undefined,
    retry: fields.retry_on_failure?.enabled === true ? fields.retry_on_failure : undefined,
    timeoutMs: fields.timeout ?? 0,
  };
}
