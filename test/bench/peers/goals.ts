import { rowName, selectRows, type Row } from "./rows.ts";

/** What a row is to reach. Ratios are of items per CPU-second. */
export interface Goal {
  /** As a multiple of the Go Collector's. */
  readonly ratio: number | undefined;
  /** Whether it is to be faster than Rotel too. */
  readonly beatsRotel: boolean;
  /** Highest resident memory, in 10^6 bytes. */
  readonly residentMB: number;
}

/** Least ratios by pattern; the first that matches a row counts. */
const RATIOS: readonly (readonly [pattern: string, ratio: number])[] = [
  ["batch:grpc:none:traces:100", 3],
  ["batch:http:none:traces:100", 5],
  ["direct:grpc:none:traces:100", 2],
  ["direct:http:none:traces:100", 4],
  ["batch:grpc:none:traces:10", 2.5],
  ["batch:grpc:none:traces:1000", 2.5],
  ["batch:http:none:traces:10", 3.5],
  ["batch:http:none:traces:1000", 3.5],
  ["batch:*:gzip:traces:100", 1.8],
  ["direct:*:gzip:traces:100", 3],
  ["attributes:*:none:traces:100", 2],
  ["sampler:*:none:traces:100", 4],
];
const SATURATED_MB = 250;
const FIXED_RATE_MB = 150;

/** The goal of a row: every row has one for memory, some for speed. */
export function goalOf(row: Row): Goal {
  const name = rowName(row);
  const ratio = RATIOS.find(([pattern]) => selectRows([pattern]).some((each) => rowName(each) === name))?.[1];
  return { ratio, beatsRotel: row.compression === "gzip", residentMB: row.rate === undefined ? SATURATED_MB : FIXED_RATE_MB };
}

/** The rows that have a goal for speed, and those at a fixed rate. */
export function rowsWithGoals(): readonly Row[] {
  return selectRows([...RATIOS.map(([pattern]) => pattern), "*@*"]);
}
