import { otlpGrpcExporter } from "@tidemark/components/exporters/otlp_grpc";
import { otlpHttpExporter } from "@tidemark/components/exporters/otlp_http";
import { batchProcessor } from "@tidemark/components/processors/batch";
import { describe, expect, it } from "vitest";

const MINUTE = 60_000;

/** An option of the Collector: where it is, what it is when nobody writes it, another value that its files may have, and what that means. */
type Row = [path: string, standard: unknown, written: unknown, meaning?: unknown];

/** Options of exporterhelper, at the Collector's version 0.159 (exporterhelper README, configretry, queuebatch). */
const EXPORTER: readonly Row[] = [
  ["sending_queue.enabled", true, false],
  ["sending_queue.num_consumers", 10, 1],
  ["sending_queue.queue_size", 1000, 5],
  ["sending_queue.sizer", "requests", "items"],
  ["sending_queue.sizer", "requests", "bytes"],
  ["sending_queue.block_on_overflow", false, true],
  ["sending_queue.wait_for_result", false, true],
  ["sending_queue.storage", undefined, "file_storage/otc"],
  [
    "sending_queue.batch",
    undefined,
    {},
    { flush_timeout: 200, min_size: 8192, max_size: 0, sizer: "items", partition: { metadata_keys: [] } },
  ],
  ["sending_queue.batch.flush_timeout", undefined, "1s", 1000],
  ["sending_queue.batch.min_size", undefined, 0],
  ["sending_queue.batch.max_size", undefined, 10_000],
  ["sending_queue.batch.sizer", undefined, "bytes"],
  ["sending_queue.batch.partition.metadata_keys", undefined, ["x-tenant"]],
  ["retry_on_failure.enabled", true, false],
  ["retry_on_failure.initial_interval", 5000, "100ms", 100],
  ["retry_on_failure.randomization_factor", 0.5, 0],
  ["retry_on_failure.multiplier", 1.5, 2],
  ["retry_on_failure.max_interval", 30_000, "1m30s", 1.5 * MINUTE],
  ["retry_on_failure.max_elapsed_time", 5 * MINUTE, "0s", 0],
  ["retry_on_failure.max_elapsed_time", 5 * MINUTE, "0", 0],
];

const BATCH: readonly Row[] = [
  ["send_batch_size", 8192, 0],
  ["timeout", 200, "0s", 0],
  ["send_batch_max_size", 0, 10_000],
  ["metadata_keys", [], ["X-Tenant"]],
  ["metadata_cardinality_limit", 1000, 0],
];

interface Subject {
  readonly name: string;
  readonly rows: readonly Row[];
  parse(options: object): unknown;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "otlp_grpc",
    rows: [...EXPORTER, ["timeout", 5000, "0s", 0]],
    parse: (options) => otlpGrpcExporter.config.parse({ endpoint: "localhost:4317", ...options }),
  },
  {
    name: "otlp_http",
    rows: [...EXPORTER, ["timeout", 30_000, "0s", 0]],
    parse: (options) => otlpHttpExporter.config.parse({ endpoint: "http://localhost:4318", ...options }),
  },
  { name: "batch", rows: BATCH, parse: (options) => batchProcessor.config.parse(options) },
];

describe.each(SUBJECTS)("the options of $name", ({ rows, parse }) => {
  it.each(rows)("have %s as the Collector has it", (path, standard, written, meaning = written) => {
    expect(at(parse({}), path)).toEqual(standard);
    expect(at(parse(nested(path, written)), path)).toEqual(meaning);
  });
});

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

function nested(path: string, value: unknown): object {
  return path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}
