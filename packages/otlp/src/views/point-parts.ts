import { FIXED64, LEN, VARINT, WireReader, unsignedNumber, wrongWireType } from "../wire/reader.ts";
import { fieldWires } from "./message-view.ts";
import type { FieldWires, RecordBytes } from "./message-view.ts";
import { NestedRecord } from "./nested-record.ts";
import { RecordAttributes } from "./record-attributes.ts";
import type { BucketsValue, Exemplar, QuantileValue } from "./types.ts";

/** How the numbers of a repeated field are written. */
export type NumberForm = "uint64" | "fixed64" | "double";

/** Reads a repeated number field, packed, unpacked or mixed. */
export function readNumbers(owner: RecordBytes, field: number, form: NumberForm, path: string): number[] {
  const wire = form === "uint64" ? VARINT : FIXED64;
  const reader = new WireReader(owner.bytes, owner.start, owner.end, path);
  const numbers: number[] = [];
  while (reader.pos < owner.end) {
    const at = reader.pos;
    const tag = reader.tag();
    if (tag >>> 3 !== field) reader.skip(tag);
    else if ((tag & 7) === LEN) {
      const length = reader.length();
      reader.end = reader.pos + length;
      while (reader.pos < reader.end) numbers.push(readNumber(reader, form));
      reader.end = owner.end;
    } else if ((tag & 7) === wire) numbers.push(readNumber(reader, form));
    else throw wrongWireType(tag, LEN, at, path);
  }
  return numbers;
}

function readNumber(reader: WireReader, form: NumberForm): number {
  if (form === "double") return reader.double();
  if (form === "uint64") return Number(reader.uint64Number());
  reader.fixed64Parts();
  return Number(unsignedNumber(reader.low, reader.high));
}

/**
 * Exemplar:  2 time_unix_nano fixed64  oneof { 3 as_double  6 as_int sfixed64 }  4 span_id bytes  5 trace_id bytes
 *            7 filtered_attributes repeated KeyValue
 */
const exemplarWires: FieldWires = /* @__PURE__ */ fieldWires(-1, FIXED64, FIXED64, LEN, LEN, FIXED64, LEN);

export class ExemplarRecord extends NestedRecord<Exemplar> {
  readonly #attributes: RecordAttributes;

  constructor() {
    super(exemplarWires, "data_points.exemplars");
    this.#attributes = new RecordAttributes(this, 7, this.path);
  }

  override decode(): Exemplar {
    return {
      timeUnixNano: this.fixed64(2),
      value: this.#value(),
      traceId: this.hexOf(5),
      spanId: this.hexOf(4),
      filteredAttributes: this.#attributes.toObject(),
    };
  }

  #value(): number | undefined {
    if (this.field(6) > this.field(3)) return Number(this.at(6)!.sfixed64());
    return this.double(3);
  }
}

/** ExponentialHistogramDataPoint.Buckets:  1 offset sint32  2 bucket_counts repeated uint64 */
const bucketsWires: FieldWires = /* @__PURE__ */ fieldWires(VARINT);

export class BucketsRecord extends NestedRecord<BucketsValue> {
  constructor() {
    super(bucketsWires, "data_points.buckets");
  }

  override decode(): BucketsValue {
    return { offset: this.at(1)?.sint32() ?? 0, bucketCounts: readNumbers(this, 2, "uint64", this.path) };
  }
}

/** SummaryDataPoint.ValueAtQuantile:  1 quantile double  2 value double */
const quantileWires: FieldWires = /* @__PURE__ */ fieldWires(FIXED64, FIXED64);

export class QuantileRecord extends NestedRecord<QuantileValue> {
  constructor() {
    super(quantileWires, "data_points.quantile_values");
  }

  override decode(): QuantileValue {
    return { quantile: this.double(1) ?? 0, value: this.double(2) ?? 0 };
  }
}
