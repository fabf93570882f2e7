import { decodeAlert, noticeFromRecord, type Alert } from "@tidemark/alerting";
import { PipelineError } from "@tidemark/core";
import type { Batch } from "@tidemark/otlp";

/** The alerts of a batch, in order; log records that are none come as notices, so that nothing is lost. */
export function alertsOfBatch(batch: Batch): Alert[] {
  if (batch.signal !== "logs") throw PipelineError.invalid(`alert exporters take logs and alerts, not ${batch.signal}`);
  const alerts: Alert[] = [];
  const records = batch.items();
  while (records.next()) alerts.push(decodeAlert(records) ?? noticeFromRecord(records));
  return alerts;
}
