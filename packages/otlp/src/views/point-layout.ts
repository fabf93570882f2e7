import { FIXED64, LEN, VARINT } from "../wire/reader.ts";
import { fieldWires } from "./message-view.ts";
import type { FieldWires } from "./message-view.ts";

/** Field numbers of one data point message; 0: it has no such field. Times are 2 and 3 in all of them. */
export interface PointLayout {
  readonly wires: FieldWires;
  readonly attributes: number;
  readonly flags: number;
  readonly exemplars: number;
  readonly asDouble: number;
  readonly asInt: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly bucketCounts: number;
  readonly explicitBounds: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: number;
  readonly negative: number;
  readonly quantiles: number;
}

const none: Omit<PointLayout, "wires" | "attributes" | "flags"> = {
  exemplars: 0,
  asDouble: 0,
  asInt: 0,
  count: 0,
  sum: 0,
  min: 0,
  max: 0,
  bucketCounts: 0,
  explicitBounds: 0,
  scale: 0,
  zeroCount: 0,
  zeroThreshold: 0,
  positive: 0,
  negative: 0,
  quantiles: 0,
};

/**
 * NumberDataPoint:  2 start_time_unix_nano fixed64  3 time_unix_nano fixed64  oneof { 4 as_double  6 as_int sfixed64 }
 *                   5 exemplars repeated  7 attributes repeated  8 flags uint32
 */
const numberLayout: PointLayout = {
  ...none,
  wires: /* @__PURE__ */ fieldWires(-1, FIXED64, FIXED64, FIXED64, LEN, FIXED64, LEN, VARINT),
  attributes: 7,
  flags: 8,
  exemplars: 5,
  asDouble: 4,
  asInt: 6,
};

/**
 * HistogramDataPoint:  2, 3 times  4 count fixed64  5 sum double  6 bucket_counts repeated fixed64  7 explicit_bounds repeated double
 *                      8 exemplars repeated  9 attributes repeated  10 flags uint32  11 min double  12 max double
 */
const histogramLayout: PointLayout = {
  ...none,
  wires: /* @__PURE__ */ fieldWires(-1, FIXED64, FIXED64, FIXED64, FIXED64, -1, -1, LEN, LEN, VARINT, FIXED64, FIXED64),
  attributes: 9,
  flags: 10,
  exemplars: 8,
  count: 4,
  sum: 5,
  min: 11,
  max: 12,
  bucketCounts: 6,
  explicitBounds: 7,
};

/**
 * ExponentialHistogramDataPoint:  1 attributes repeated  2, 3 times  4 count fixed64  5 sum double  6 scale sint32
 *     7 zero_count fixed64  8 positive Buckets  9 negative Buckets  10 flags uint32  11 exemplars repeated
 *     12 min double  13 max double  14 zero_threshold double
 */
const exponentialLayout: PointLayout = {
  ...none,
  wires: /* @__PURE__ */ fieldWires(
    LEN,
    FIXED64,
    FIXED64,
    FIXED64,
    FIXED64,
    VARINT,
    FIXED64,
    LEN,
    LEN,
    VARINT,
    LEN,
    FIXED64,
    FIXED64,
    FIXED64,
  ),
  attributes: 1,
  flags: 10,
  exemplars: 11,
  count: 4,
  sum: 5,
  min: 12,
  max: 13,
  scale: 6,
  zeroCount: 7,
  zeroThreshold: 14,
  positive: 8,
  negative: 9,
};

/** SummaryDataPoint:  2, 3 times  4 count fixed64  5 sum double  6 quantile_values repeated  7 attributes repeated  8 flags uint32 */
const summaryLayout: PointLayout = {
  ...none,
  wires: /* @__PURE__ */ fieldWires(-1, FIXED64, FIXED64, FIXED64, FIXED64, LEN, LEN, VARINT),
  attributes: 7,
  flags: 8,
  count: 4,
  sum: 5,
  quantiles: 6,
};

/** Layout of the points in the metric data field (5 gauge, 7 sum, 9 histogram, 10 exponential_histogram, 11 summary). */
export function pointLayout(dataField: number): PointLayout {
  switch (dataField) {
    case 9:
      return histogramLayout;
    case 10:
      return exponentialLayout;
    case 11:
      return summaryLayout;
    default:
      return numberLayout;
  }
}
