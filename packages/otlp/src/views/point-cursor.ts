import { DATA_FIELD, MONOTONIC, PARENT, TEMPORALITY } from "../batch/level.ts";
import type { Part } from "../batch/part.ts";
import { signedNumber, unsignedNumber } from "../wire/reader.ts";
import { PairHash } from "./hash.ts";
import { ItemCursor } from "./item-cursor.ts";
import { MetricRecord } from "./metric-record.ts";
import { pointLayout } from "./point-layout.ts";
import type { PointLayout } from "./point-layout.ts";
import { BucketsRecord, ExemplarRecord, QuantileRecord, readNumbers } from "./point-parts.ts";
import type { BucketsValue, DataPointView, Exemplar, QuantileValue } from "./types.ts";

const START_TIME = 2;
const TIME = 3;
const noRecordedValueMask = 1;

/** Walks data points of all metric types; see point-layout.ts for the fields of each. */
export class PointCursor extends ItemCursor implements DataPointView {
  #layout: PointLayout = pointLayout(5);
  #dataPart: Part | undefined;
  #dataNode = -1;
  #metricBase = 0;
  #metric: MetricRecord | undefined;
  #hash: PairHash | undefined;
  #metricHash = 0;
  #metricHashOf = -1;

  constructor(parts: readonly Part[]) {
    super(parts, pointLayout(5).wires, pointLayout(5).attributes, "data_points");
  }

  override next(): boolean {
    if (!super.next()) return false;
    const node = this.parentNode;
    if (node !== this.#dataNode || this.part !== this.#dataPart) {
      this.#dataNode = node;
      this.#dataPart = this.part;
      this.#metricHashOf = -1;
      const layout = pointLayout(this.#data(DATA_FIELD));
      if (layout !== this.#layout) {
        this.#layout = layout;
        this.wires = layout.wires;
        this.attributes.field = layout.attributes;
      }
    }
    return true;
  }

  override get scopeNode(): number {
    const metrics = this.part.segment.levels[2]!;
    return metrics.rows[this.metricNode * metrics.stride + PARENT]!;
  }

  get metricNode(): number {
    return this.#data(PARENT);
  }

  get metric(): MetricRecord {
    const metric = (this.#metric ??= new MetricRecord());
    const node = this.metricNode;
    metric.point(this.part, node, this.#dataNode, this.#metricBase + node);
    return metric;
  }

  get startTimeUnixNano(): bigint {
    return this.fixed64(START_TIME);
  }

  get timeUnixNano(): bigint {
    return this.fixed64(TIME);
  }

  get flags(): number {
    return this.uint32(this.#layout.flags);
  }

  get noRecordedValue(): boolean {
    return (this.flags & noRecordedValueMask) !== 0;
  }

  get valueKind(): "int" | "double" | undefined {
    const asDouble = this.#optional(this.#layout.asDouble);
    const asInt = this.#optional(this.#layout.asInt);
    if (asInt === 0 && asDouble === 0) return undefined;
    return asInt > asDouble ? "int" : "double";
  }

  get value(): number | bigint | undefined {
    const kind = this.valueKind;
    if (kind === undefined) return undefined;
    if (kind === "double") return this.double(this.#layout.asDouble);
    const reader = this.at(this.#layout.asInt)!;
    reader.fixed64Parts();
    return signedNumber(reader.low, reader.high);
  }

  get count(): number | bigint {
    return this.#unsigned(this.#layout.count);
  }

  get sum(): number | undefined {
    return this.#optionalDouble(this.#layout.sum);
  }

  get min(): number | undefined {
    return this.#optionalDouble(this.#layout.min);
  }

  get max(): number | undefined {
    return this.#optionalDouble(this.#layout.max);
  }

  get bucketCounts(): number[] {
    const { bucketCounts } = this.#layout;
    return bucketCounts === 0 ? [] : readNumbers(this, bucketCounts, "fixed64", this.path);
  }

  get explicitBounds(): number[] {
    const { explicitBounds } = this.#layout;
    return explicitBounds === 0 ? [] : readNumbers(this, explicitBounds, "double", this.path);
  }

  get scale(): number {
    const { scale } = this.#layout;
    return scale === 0 ? 0 : (this.at(scale)?.sint32() ?? 0);
  }

  get zeroCount(): number {
    return Number(this.#unsigned(this.#layout.zeroCount));
  }

  get zeroThreshold(): number {
    return this.#optionalDouble(this.#layout.zeroThreshold) ?? 0;
  }

  get positive(): BucketsValue {
    return this.#buckets(this.#layout.positive);
  }

  get negative(): BucketsValue {
    return this.#buckets(this.#layout.negative);
  }

  get quantiles(): QuantileValue[] {
    const { quantiles } = this.#layout;
    return quantiles === 0 ? [] : new QuantileRecord().decodeEach(this, quantiles);
  }

  exemplars(): Iterable<Exemplar> {
    const { exemplars } = this.#layout;
    return exemplars === 0 ? [] : new ExemplarRecord().decodeEach(this, exemplars);
  }

  get seriesIdentity(): number {
    const hash = (this.#hash ??= new PairHash());
    if (this.#metricHashOf !== this.#dataNode) {
      this.#metricHash = this.#hashMetric(hash);
      this.#metricHashOf = this.#dataNode;
    }
    const points = this.attributes.hash();
    hash.reset();
    hash.value52(this.#metricHash);
    hash.value52(points);
    hash.commit();
    return hash.value();
  }

  protected override leavePart(part: Part): void {
    super.leavePart(part);
    this.#metricBase += part.segment.levels[2]!.count;
  }

  /** Identity of everything but the point's own attributes; the same for all points of one metric. */
  #hashMetric(hash: PairHash): number {
    const resource = this.resource.attributes.hash();
    const scope = this.scope.attributes.hash();
    hash.reset();
    hash.value52(resource);
    hash.value52(scope);
    this.scope.hashField(1, hash);
    this.scope.hashField(2, hash);
    this.metric.hashField(1, hash);
    this.metric.hashField(3, hash);
    hash.word(this.#data(DATA_FIELD));
    hash.word(this.#data(TEMPORALITY) * 2 + this.#data(MONOTONIC));
    hash.commit();
    return hash.value();
  }

  #data(slot: number): number {
    const level = this.part.segment.levels[3]!;
    return level.rows[this.#dataNode * level.stride + slot]!;
  }

  #optional(field: number): number {
    return field === 0 ? 0 : this.field(field);
  }

  #optionalDouble(field: number): number | undefined {
    return field === 0 ? undefined : this.double(field);
  }

  #unsigned(field: number): number | bigint {
    const reader = field === 0 ? undefined : this.at(field);
    if (reader === undefined) return 0;
    reader.fixed64Parts();
    return unsignedNumber(reader.low, reader.high);
  }

  #buckets(field: number): BucketsValue {
    const reader = field === 0 ? undefined : this.at(field);
    if (reader === undefined) return { offset: 0, bucketCounts: [] };
    const length = reader.length();
    return new BucketsRecord().moveTo(this.bytes, reader.pos, reader.pos + length).decode();
  }
}
