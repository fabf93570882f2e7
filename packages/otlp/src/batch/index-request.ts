import { badTag, LEN, VARINT, WireReader, wrongWireType } from "../wire/reader.ts";
import { shortFieldEnd, shortFieldStart } from "../wire/scan.ts";
import {
  CHILD_BYTES,
  DATA_FIELD,
  DATA_STRIDE,
  ENVELOPE_STRIDE,
  END,
  FIRST_CHILD,
  ITEM_STRIDE,
  Level,
  METRIC_STRIDE,
  MONOTONIC,
  OWN_BYTES,
  OWN_END,
  OWN_START,
  SCHEMA_END,
  SCHEMA_START,
  START,
  TEMPORALITY,
} from "./level.ts";
import type { Segment } from "./segment.ts";
import type { Signal } from "../schema/index.ts";

const paths: { readonly [signal in Signal]: readonly string[] } = {
  traces: ["resource_spans", "resource_spans.scope_spans", "resource_spans.scope_spans.spans"],
  logs: ["resource_logs", "resource_logs.scope_logs", "resource_logs.scope_logs.log_records"],
  metrics: ["resource_metrics", "resource_metrics.scope_metrics", "resource_metrics.scope_metrics.metrics"],
};

/** What envelopes and items of real telemetry take at the least, on the average of a request; the first `SPARE_ROWS` may be empty. */
const LEAST_ENVELOPE_BYTES = 32;
const LEAST_ITEM_BYTES = 8;
const SPARE_ROWS = 4096;

/** Tag of spans and log records in their scope, and of data points in their metric data. */
const childTag = (2 << 3) | LEN;
const pointTag = (1 << 3) | LEN;

/**
 * Checks the frames of a request down to its items and notes where each lies, in one pass.
 * `ordered` tells that the fields of every message stand in the order of their numbers.
 * `isOwned` tells that nobody else has `bytes`.
 * Throws WireError; the insides of Resource, InstrumentationScope and items are not looked at.
 */
export function indexRequest(signal: Signal, bytes: Uint8Array, ordered: boolean, isOwned: boolean): Segment {
  return new RequestIndexer(signal, bytes, ordered, isOwned).run();
}

class RequestIndexer {
  readonly #signal: Signal;
  readonly #ordered: boolean;
  readonly #isOwned: boolean;
  readonly #reader: WireReader;
  readonly #resources: Level;
  readonly #scopes: Level;
  readonly #metrics: Level | undefined;
  readonly #data: Level | undefined;
  readonly #items: Level;
  #childBytes = 0;

  constructor(signal: Signal, bytes: Uint8Array, ordered: boolean, isOwned: boolean) {
    this.#signal = signal;
    this.#ordered = ordered;
    this.#isOwned = isOwned;
    this.#reader = new WireReader(bytes);
    const maxEnvelopes = SPARE_ROWS + Math.floor(bytes.length / LEAST_ENVELOPE_BYTES);
    this.#resources = new Level(ENVELOPE_STRIDE, 2, maxEnvelopes);
    this.#scopes = new Level(ENVELOPE_STRIDE, 4, maxEnvelopes);
    if (signal === "metrics") {
      this.#metrics = new Level(METRIC_STRIDE, 0, maxEnvelopes);
      this.#data = new Level(DATA_STRIDE, 0, maxEnvelopes);
    }
    this.#items = new Level(ITEM_STRIDE, 16 + (bytes.length >>> 8), SPARE_ROWS + Math.floor(bytes.length / LEAST_ITEM_BYTES));
  }

  /** Export*ServiceRequest, and TracesData, MetricsData, LogsData:  1 resource_{spans,metrics,logs} repeated message */
  run(): Segment {
    const reader = this.#reader;
    while (reader.pos < reader.bytes.length) {
      const frame = reader.pos;
      const tag = reader.tag();
      if (tag >>> 3 !== 1) {
        reader.skip(tag);
        continue;
      }
      const end = this.#open(tag, frame);
      reader.path = paths[this.#signal][0]!;
      this.#envelope(this.#resources, frame, end, 0);
      reader.path = "";
      reader.end = reader.bytes.length;
      this.#childBytes += end - frame;
    }
    return this.#seal();
  }

  /**
   * Resource{Spans,Metrics,Logs}:  1 resource  2 scope_{spans,metrics,logs} repeated  3 schema_url
   * Scope{Spans,Metrics,Logs}:     1 scope     2 {spans,metrics,log_records} repeated 3 schema_url
   */
  #envelope(level: Level, frame: number, end: number, parent: number): void {
    const reader = this.#reader;
    const outer = level === this.#resources;
    const children = outer ? this.#scopes : (this.#metrics ?? this.#items);
    const node = level.count;
    const row = level.add(frame, reader.pos, end, parent);
    level.rows[row + FIRST_CHILD] = children.count;
    level.rows.fill(0, row + OWN_START, row + ENVELOPE_STRIDE);
    let childBytes = 0;
    reader.end = end;
    while (reader.pos < end) {
      if (!outer) childBytes += this.#takeChildren(end, node);
      const at = reader.pos;
      if (at === end) break;
      const tag = reader.tag();
      const field = tag >>> 3;
      if (field > 3) {
        reader.skip(tag);
        continue;
      }
      const contentEnd = this.#open(tag, at);
      if (field === 2) {
        childBytes += contentEnd - at;
        if (outer) {
          reader.path = paths[this.#signal][1]!;
          this.#envelope(children, at, contentEnd, node);
          reader.path = paths[this.#signal][0]!;
          reader.end = end;
        } else {
          if (this.#metrics) this.#metric(at, reader.pos, contentEnd, node);
          else children.add(at, reader.pos, contentEnd, node);
          reader.end = end;
          reader.pos = contentEnd;
        }
      } else {
        const rows = level.rows;
        if (field === 1) {
          rows[row + OWN_START] = reader.pos;
          rows[row + OWN_END] = contentEnd;
          rows[row + OWN_BYTES] = rows[row + OWN_BYTES]! + contentEnd - at;
        } else {
          rows[row + SCHEMA_START] = reader.pos;
          rows[row + SCHEMA_END] = contentEnd;
        }
        reader.pos = contentEnd;
      }
    }
    level.rows[row + CHILD_BYTES] = childBytes;
  }

  /** Takes the run of metrics, spans or log records at the reader, as far as their shape is common; returns its bytes. */
  #takeChildren(end: number, node: number): number {
    const reader = this.#reader;
    const start = reader.pos;
    const next = this.#metrics ? this.#takeMetrics(start, end, node) : this.#takeItems(childTag, start, end, node);
    reader.end = end;
    reader.pos = next;
    return next - start;
  }

  #takeMetrics(start: number, end: number, node: number): number {
    const { bytes } = this.#reader;
    // Counting is cheaper than growing, and leaves no rows unused; almost every metric has one data field.
    const count = countRun(bytes, childTag, start, end);
    this.#metrics!.reserve(count);
    this.#data!.reserve(count);
    let pos = start;
    while (pos < end && bytes[pos] === childTag) {
      const next = shortFieldEnd(bytes, pos, end);
      if (next < 0) break;
      this.#metric(pos, shortFieldStart(bytes, pos), next, node);
      pos = next;
    }
    return pos;
  }

  /**
   * Metric:  1 name  2 description  3 unit  oneof { 5 gauge  7 sum  9 histogram  10 exponential_histogram  11 summary }  12 metadata
   *
   * Occurrences of the same data field merge; one of another field voids those before it, which then
   * count as bytes of the metric and not as items.
   */
  #metric(frame: number, start: number, end: number, parent: number): void {
    const reader = this.#reader;
    const metrics = this.#metrics!;
    const data = this.#data!;
    const { bytes } = reader;
    const node = metrics.count;
    const firstData = data.count;
    const firstItem = this.#items.count;
    const row = metrics.add(frame, start, end, parent);
    metrics.rows[row + FIRST_CHILD] = firstData;
    let childBytes = 0;
    let chosen = 0;
    reader.path = paths.metrics[2]!;
    for (let at = afterTexts(bytes, start, end), next = 0; at < end; at = afterTexts(bytes, next, end)) {
      let field = bytes[at]! >>> 3;
      let content = 0;
      next = isDataTag(bytes[at]!) ? shortFieldEnd(bytes, at, end) : -1;
      if (next >= 0) content = shortFieldStart(bytes, at);
      else {
        reader.end = end;
        reader.pos = at;
        const tag = reader.tag();
        field = tag >>> 3;
        if (!isDataField(field)) {
          reader.skip(tag);
          next = reader.pos;
          continue;
        }
        next = this.#open(tag, at);
        content = reader.pos;
      }
      if (chosen !== 0 && field !== chosen) {
        data.truncate(firstData);
        this.#items.truncate(firstItem);
        childBytes = 0;
      }
      chosen = field;
      childBytes += next - at;
      this.#metricData(field, data.add(at, content, next, node));
    }
    metrics.rows[row + CHILD_BYTES] = childBytes;
    reader.path = paths.metrics[1]!;
  }

  /** Gauge, Sum, Histogram, ExponentialHistogram, Summary:  1 data_points repeated  2 aggregation_temporality  3 is_monotonic (Sum) */
  #metricData(field: number, row: number): void {
    const reader = this.#reader;
    const { rows } = this.#data!;
    const node = this.#data!.count - 1;
    const end = rows[row + END]!;
    rows[row + FIRST_CHILD] = this.#items.count;
    rows[row + DATA_FIELD] = field;
    rows[row + TEMPORALITY] = 0;
    rows[row + MONOTONIC] = 0;
    let childBytes = 0;
    for (let pos = rows[row + START]!; pos < end; pos = reader.pos) {
      const at = this.#takeItems(pointTag, pos, end, node);
      childBytes += at - pos;
      if (at === end) break;
      reader.end = end;
      reader.pos = at;
      const tag = reader.tag();
      if (tag >>> 3 === 1) {
        const contentEnd = this.#open(tag, at);
        this.#items.add(at, reader.pos, contentEnd, node);
        reader.pos = contentEnd;
        childBytes += contentEnd - at;
      } else if (tag >>> 3 === 2 && hasTemporality(field)) {
        if ((tag & 7) !== VARINT) throw wrongWireType(tag, VARINT, at, reader.path);
        rows[row + TEMPORALITY] = reader.int32();
      } else if (tag >>> 3 === 3 && field === 7) {
        if ((tag & 7) !== VARINT) throw wrongWireType(tag, VARINT, at, reader.path);
        rows[row + MONOTONIC] = reader.bool() ? 1 : 0;
      } else reader.skip(tag);
    }
    rows[row + CHILD_BYTES] = childBytes;
  }

  /** Takes the run of items with this one-byte tag at `start`, as far as their shape is common; returns its end. */
  #takeItems(tag: number, start: number, end: number, parent: number): number {
    const items = this.#items;
    const { bytes } = this.#reader;
    let pos = start;
    while (pos < end && bytes[pos] === tag) {
      const next = shortFieldEnd(bytes, pos, end);
      if (next < 0) break;
      items.add(pos, shortFieldStart(bytes, pos), next, parent);
      pos = next;
    }
    return pos;
  }

  /** Reads the length of a known sub-message; returns the end of its content. */
  #open(tag: number, at: number): number {
    if ((tag & 7) !== LEN) throw tag < 8 ? badTag(tag, at, this.#reader.path) : wrongWireType(tag, LEN, at, this.#reader.path);
    const length = this.#reader.length();
    return this.#reader.pos + length;
  }

  #seal(): Segment {
    const levels = [this.#resources, this.#scopes];
    if (this.#metrics && this.#data) levels.push(this.#metrics, this.#data);
    levels.push(this.#items);
    for (let depth = 0; depth + 1 < levels.length; depth++) levels[depth]!.seal(levels[depth + 1]!.count);
    return {
      signal: this.#signal,
      bytes: this.#reader.bytes,
      levels,
      resources: this.#resources,
      scopes: this.#scopes,
      items: this.#items,
      ordered: this.#ordered,
      childBytes: this.#childBytes,
      isOwned: this.#isOwned,
    };
  }
}

function isDataField(field: number): boolean {
  return field === 5 || field === 7 || (field >= 9 && field <= 11);
}

/** Whether the one-byte tag is that of a data field with its right wire type. */
function isDataTag(tag: number): boolean {
  return (tag & 7) === LEN && isDataField(tag >>> 3);
}

/** End of the run of names, descriptions and units (tags 0a, 12, 1a) at `pos`, as far as their shape is common. */
function afterTexts(bytes: Uint8Array, pos: number, end: number): number {
  let at = pos;
  while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x12 || bytes[at] === 0x1a)) {
    const next = shortFieldEnd(bytes, at, end);
    if (next < 0) break;
    at = next;
  }
  return at;
}

/** How many fields with this one-byte tag follow one another at `pos`, as far as their shape is common. */
function countRun(bytes: Uint8Array, tag: number, pos: number, end: number): number {
  let count = 0;
  for (let at = pos; at >= 0 && at < end && bytes[at] === tag; count++) at = shortFieldEnd(bytes, at, end);
  return count;
}

/** Sum (7), Histogram (9) and ExponentialHistogram (10). */
function hasTemporality(field: number): boolean {
  return field === 7 || field === 9 || field === 10;
}
