import { DATA_FIELD, END, MONOTONIC, START, TEMPORALITY } from "../batch/level.ts";
import type { Part } from "../batch/part.ts";
import { LEN } from "../wire/reader.ts";
import { MessageView } from "./message-view.ts";
import { fieldWires } from "./message-view.ts";
import type { FieldWires } from "./message-view.ts";
import { RecordAttributes } from "./record-attributes.ts";
import type { MetricType, MetricView } from "./types.ts";

/** Metric:  1 name  2 description  3 unit  5 gauge  7 sum  9 histogram  10 exponential_histogram  11 summary  12 metadata repeated KeyValue */
const metricWires: FieldWires = /* @__PURE__ */ fieldWires(LEN, LEN, LEN);
const METADATA = 12;

/** The metric around a row of metric data. */
export class MetricRecord extends MessageView implements MetricView {
  index = 0;
  readonly metadata: RecordAttributes;
  #part: Part | undefined;
  #dataNode = -1;

  constructor() {
    super(metricWires, "metrics");
    this.metadata = new RecordAttributes(this, METADATA, "metrics.metadata");
  }

  /** Moves to metric row `node` and its data row; `index` is the metric's number within the batch. */
  point(part: Part, node: number, dataNode: number, index: number): void {
    if (part === this.#part && dataNode === this.#dataNode) return;
    const level = part.segment.levels[2]!;
    const row = node * level.stride;
    this.#part = part;
    this.#dataNode = dataNode;
    this.bytes = part.segment.bytes;
    this.start = level.rows[row + START]!;
    this.end = level.rows[row + END]!;
    this.index = index;
    this.ordered = false;
    this.rescan();
  }

  get name(): string {
    return this.string(1);
  }

  get description(): string {
    return this.string(2);
  }

  get unit(): string {
    return this.string(3);
  }

  get type(): MetricType {
    switch (this.#data(DATA_FIELD)) {
      case 5:
        return "gauge";
      case 7:
        return "sum";
      case 9:
        return "histogram";
      case 10:
        return "exponential_histogram";
      default:
        return "summary";
    }
  }

  get temporality(): 0 | 1 | 2 {
    const value = this.#data(TEMPORALITY);
    return value === 1 || value === 2 ? value : 0;
  }

  get isMonotonic(): boolean {
    return this.#data(MONOTONIC) === 1;
  }

  #data(slot: number): number {
    const level = this.#part!.segment.levels[3]!;
    return level.rows[this.#dataNode * level.stride + slot]!;
  }
}
