export { batchFromJson, batchFromObject, mergeBatches, openBatch } from "./batch/open.ts";
export type { JsonOptions, OpenOptions } from "./batch/open.ts";
export { LogBatch, MetricBatch, TraceBatch } from "./batch/batches.ts";
export type { Batch, SignalBatch } from "./batch/batches.ts";
export type { CompressedBody, Items } from "./batch/item-batch.ts";
export { AttributeProgram } from "./edit/attribute-program.ts";
export type { AttributeOperation } from "./edit/attribute-program.ts";
export type {
  AttributeKind,
  AttributesEditor,
  DataPointEditor,
  EditVisitor,
  LogRecordEditor,
  ResourceEditor,
  ScopeEditor,
  SpanEditor,
} from "./edit/types.ts";
export { double } from "./edit/value-writer.ts";
export type { DoubleValue } from "./edit/value-writer.ts";
export type * from "./object/index.ts";
export type { Signal } from "./schema/index.ts";
export { decodeExportResponse, encodeExportResponse, exportResponseFromJson, exportResponseToJson } from "./service/export-response.ts";
export type { PartialSuccess } from "./service/export-response.ts";
export { decodeStatus, encodeStatus, statusFromJson, statusToJson } from "./service/status.ts";
export type { RpcStatus } from "./service/status.ts";
export { AttributeKey } from "./views/attribute-key.ts";
export type {
  AttributeKeyLike,
  AttributesView,
  AttributeValue,
  BucketsValue,
  DataPointView,
  Exemplar,
  ItemView,
  LogRecordView,
  MetricType,
  MetricView,
  QuantileValue,
  ResourceView,
  ScopeView,
  SpanEvent,
  SpanLink,
  SpanView,
} from "./views/types.ts";
export { WireError } from "./wire/wire-error.ts";
export type { WireErrorCode } from "./wire/wire-error.ts";
