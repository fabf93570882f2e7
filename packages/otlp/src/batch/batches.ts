import { LogEditCursor, PointEditCursor, SpanEditCursor } from "../edit/editors.ts";
import type { DataPointEditor, LogRecordEditor, SpanEditor } from "../edit/types.ts";
import { LogCursor } from "../views/log-cursor.ts";
import { PointCursor } from "../views/point-cursor.ts";
import { SpanCursor } from "../views/span-cursor.ts";
import type { DataPointView, LogRecordView, SpanView } from "../views/types.ts";
import { ItemBatch } from "./item-batch.ts";
import type { Part } from "./part.ts";

/** Spans. */
export class TraceBatch extends ItemBatch<"traces", SpanView, SpanEditor> {
  readonly signal = "traces";

  protected override make(parts: readonly Part[]): this {
    return new TraceBatch(parts) as this;
  }

  protected override cursor(parts: readonly Part[]): SpanCursor {
    return new SpanCursor(parts);
  }

  protected override editCursor(parts: readonly Part[]): SpanEditCursor {
    return new SpanEditCursor(parts);
  }
}

/** Log records. */
export class LogBatch extends ItemBatch<"logs", LogRecordView, LogRecordEditor> {
  readonly signal = "logs";

  protected override make(parts: readonly Part[]): this {
    return new LogBatch(parts) as this;
  }

  protected override cursor(parts: readonly Part[]): LogCursor {
    return new LogCursor(parts);
  }

  protected override editCursor(parts: readonly Part[]): LogEditCursor {
    return new LogEditCursor(parts);
  }
}

/** Data points of metrics. */
export class MetricBatch extends ItemBatch<"metrics", DataPointView, DataPointEditor> {
  readonly signal = "metrics";

  protected override make(parts: readonly Part[]): this {
    return new MetricBatch(parts) as this;
  }

  protected override cursor(parts: readonly Part[]): PointCursor {
    return new PointCursor(parts);
  }

  protected override editCursor(parts: readonly Part[]): PointEditCursor {
    return new PointEditCursor(parts);
  }
}

export type Batch = TraceBatch | MetricBatch | LogBatch;

/** The batch class of each signal. */
export interface SignalBatch {
  readonly traces: TraceBatch;
  readonly metrics: MetricBatch;
  readonly logs: LogBatch;
}
