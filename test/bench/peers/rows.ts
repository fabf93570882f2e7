import type { Signal } from "../../lib/payload.ts";

/** How the middle of the pipeline looks. `batch` and `direct` pass everything through. */
export type Work = "batch" | "direct" | "attributes" | "sampler";
export type Transport = "grpc" | "http";
export type Compression = "none" | "gzip" | "zstd";

/** One comparison: what runs, what it is sent. */
export interface Row {
  readonly work: Work;
  readonly transport: Transport;
  readonly compression: Compression;
  readonly signal: Signal;
  /** Items of one request. */
  readonly batch: number;
  /** Items a second that are offered; undefined: as many as are answered. */
  readonly rate: number | undefined;
}

const TRANSPORTS = ["grpc", "http"] as const;
const PASS_THROUGH: readonly Row[] = (["batch", "direct"] as const).flatMap((work) =>
  (["none", "gzip", "zstd"] as const).flatMap((compression) =>
    (["traces", "metrics", "logs"] as const).flatMap((signal) =>
      [10, 100, 1000].flatMap((batch) =>
        TRANSPORTS.map((transport): Row => ({ work, transport, compression, signal, batch, rate: undefined })),
      ),
    ),
  ),
);
const WORKING: readonly Row[] = (["attributes", "sampler"] as const).flatMap((work) =>
  (["traces", "logs"] as const).flatMap((signal) =>
    TRANSPORTS.map((transport): Row => ({ work, transport, compression: "none", signal, batch: 100, rate: undefined })),
  ),
);
const FIXED_RATE: readonly Row[] = (["batch", "direct"] as const).flatMap((work) =>
  [10_000, 100_000].flatMap((rate) =>
    TRANSPORTS.map((transport): Row => ({ work, transport, compression: "none", signal: "traces", batch: 100, rate })),
  ),
);

/** All rows, in the order in which they run. */
export const ROWS: readonly Row[] = [...PASS_THROUGH, ...WORKING, ...FIXED_RATE];

/** Its name, such as `batch:grpc:none:traces:100` or `batch:grpc:none:traces:100@100000`. */
export function rowName(row: Row): string {
  const rate = row.rate === undefined ? "" : `@${row.rate}`;
  return `${row.work}:${row.transport}:${row.compression}:${row.signal}:${row.batch}${rate}`;
}

/** The rows whose name matches one of the patterns, in which `*` stands for any text. */
export function selectRows(patterns: readonly string[]): readonly Row[] {
  const expressions = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll("*", ".*")}$`));
  return ROWS.filter((row) => expressions.some((expression) => expression.test(rowName(row))));
}
