import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Meter,
  ObservableCounter,
  ObservableGauge,
} from "@opentelemetry/api";
import type { ExporterNode } from "../export/exporter-node.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NodeRow } from "../ledger/node-ledger.ts";
import type { GraphParts } from "./graph-parts.ts";
import type { ReceiverNode } from "./receiver-node.ts";

const BREAKER_STATES: Readonly<Record<ExporterNode["breaker"], number>> = { closed: 0, half_open: 1, open: 2 };

interface BySignal {
  readonly traces: ObservableCounter;
  readonly metrics: ObservableCounter;
  readonly logs: ObservableCounter;
}

interface Instruments {
  readonly accepted: BySignal;
  readonly refused: BySignal;
  readonly failed: BySignal;
  readonly sent: BySignal;
  readonly sendFailed: BySignal;
  readonly enqueueFailed: BySignal;
  readonly incoming: ObservableCounter;
  readonly outgoing: ObservableCounter;
  readonly dropped: ObservableCounter;
  readonly held: ObservableGauge;
  readonly stored: ObservableGauge;
  readonly missing: ObservableGauge;
  readonly violations: ObservableGauge;
  readonly restored: ObservableCounter;
  readonly deadLettered: ObservableCounter;
  readonly lost: ObservableCounter;
  readonly breaker: ObservableGauge;
  readonly concurrency: ObservableGauge;
  readonly degraded: ObservableGauge;
  readonly queueSize: ObservableGauge;
  readonly queueCapacity: ObservableGauge;
}

/** Shows the books as metrics, under the Collector's own names. They are read when a reader asks: the stream pays nothing. */
export function observeGraph(meter: Meter, ledger: Ledger, partsNow: () => GraphParts): () => void {
  const instruments = createInstruments(meter);
  const callback: BatchObservableCallback = (result) => {
    const parts = partsNow();
    for (const { node } of parts.receivers) observeReceiver(result, instruments, node);
    const { nodes, violations } = ledger.snapshot();
    for (const row of nodes) observeNode(result, instruments, row);
    result.observe(instruments.violations, violations.length);
    for (const { id, node } of parts.exporters) observeExporter(result, instruments, id, node);
  };
  const { accepted, refused, failed, sent, sendFailed, enqueueFailed, ...single } = instruments;
  const observables = [
    ...Object.values(single),
    ...[accepted, refused, failed, sent, sendFailed, enqueueFailed].flatMap(({ traces, metrics, logs }) => [traces, metrics, logs]),
  ];
  meter.addBatchObservableCallback(callback, observables);
  return () => meter.removeBatchObservableCallback(callback, observables);
}

function observeReceiver(result: BatchObservableResult, instruments: Instruments, node: ReceiverNode): void {
  for (const row of node.counts) {
    const attributes: Attributes = { receiver: node.ledger.identity.id, transport: row.transport };
    result.observe(instruments.accepted[row.signal], row.accepted, attributes);
    result.observe(instruments.refused[row.signal], row.refused, attributes);
    result.observe(instruments.failed[row.signal], row.failed, attributes);
  }
}

function observeNode(result: BatchObservableResult, instruments: Instruments, row: NodeRow): void {
  const { kind, id, pipeline, received, passed, dropped, lost, held } = row;
  const attributes: Attributes = { [kind]: id, ...(pipeline === undefined ? {} : { pipeline }) };
  if (kind === "processor") {
    result.observe(instruments.incoming, received, attributes);
    result.observe(instruments.outgoing, passed, attributes);
  }
  for (const [reason, items] of Object.entries(dropped)) result.observe(instruments.dropped, items, { ...attributes, reason });
  result.observe(instruments.held, held, attributes);
  result.observe(instruments.missing, row.missing, attributes);
  if (kind !== "exporter") return;
  for (const [reason, items] of Object.entries(lost)) result.observe(instruments.lost, items, { ...attributes, reason });
  result.observe(instruments.stored, row.stored, attributes);
  result.observe(instruments.restored, row.restored, attributes);
  result.observe(instruments.deadLettered, row.deadLettered, attributes);
}

function observeExporter(result: BatchObservableResult, instruments: Instruments, id: string, node: ExporterNode): void {
  const attributes: Attributes = { exporter: id };
  for (const [signal, counts] of node.counts) {
    result.observe(instruments.sent[signal], counts.sent, attributes);
    result.observe(instruments.sendFailed[signal], counts.failed, attributes);
    result.observe(instruments.enqueueFailed[signal], counts.refused, attributes);
  }
  result.observe(instruments.breaker, BREAKER_STATES[node.breaker], attributes);
  if (node.settings.queue === undefined) return;
  result.observe(instruments.concurrency, node.concurrency, attributes);
  result.observe(instruments.degraded, node.isDegraded ? 1 : 0, attributes);
  result.observe(instruments.queueSize, node.queueSize, attributes);
  result.observe(instruments.queueCapacity, node.settings.queue.queue_size, attributes);
}

function createInstruments(meter: Meter): Instruments {
  const counter = (name: string, description: string): ObservableCounter => meter.createObservableCounter(name, { description });
  const gauge = (name: string, description: string): ObservableGauge => meter.createObservableGauge(name, { description });
  const bySignal = (prefix: string, description: string): BySignal => ({
    traces: counter(`${prefix}_spans`, description),
    metrics: counter(`${prefix}_metric_points`, description),
    logs: counter(`${prefix}_log_records`, description),
  });
  return {
    accepted: bySignal("otelcol_receiver_accepted", "Items whose sender was told that they are accepted."),
    refused: bySignal("otelcol_receiver_refused", "Items whose sender was told to come back later."),
    failed: bySignal("otelcol_receiver_failed", "Items whose sender was told that they cannot be accepted."),
    sent: bySignal("otelcol_exporter_sent", "Items that the destination has accepted."),
    sendFailed: bySignal(
      "otelcol_exporter_send_failed",
      "Items that were given up after the sender was told that they are accepted, or that the destination rejected.",
    ),
    enqueueFailed: bySignal("otelcol_exporter_enqueue_failed", "Items that were handed back to their sender: no room, or no delivery."),
    incoming: counter("otelcol_processor_incoming_items", "Items passed to the processor."),
    outgoing: counter("otelcol_processor_outgoing_items", "Items emitted by the processor."),
    dropped: counter("tidemark_dropped_items", "Items that were taken out of the stream on purpose, by reason."),
    held: gauge("tidemark_held_items", "Items that the node holds."),
    stored: gauge("tidemark_exporter_stored_items", "Those of the held items that are in a storage, and outlive the process."),
    missing: gauge(
      "tidemark_ledger_missing_items",
      "Items that came to the node and are nowhere in its books. Anything but 0 is a defect of the node.",
    ),
    violations: gauge("tidemark_ledger_violations", "Nodes and connections whose books do not balance."),
    restored: counter(
      "tidemark_exporter_restored_items",
      "Items that came back from the storage after a restart, or from the dead letters.",
    ),
    deadLettered: counter("tidemark_exporter_dead_lettered_items", "Items that could not be delivered and are kept with the reason."),
    lost: counter("tidemark_exporter_lost_items", "Items that are not kept anywhere any more, by reason."),
    breaker: gauge("tidemark_exporter_circuit_breaker_state", "0 closed, 1 half-open, 2 open: nothing is sent."),
    concurrency: gauge("tidemark_exporter_concurrency_limit", "Batches that may be on their way at the same time."),
    degraded: gauge("tidemark_exporter_degraded", "1 while sends are slow and small compressed requests go."),
    queueSize: gauge("otelcol_exporter_queue_size", "Used capacity of the sending queue, in units of its sizer."),
    queueCapacity: gauge("otelcol_exporter_queue_capacity", "Capacity of the sending queue, in units of its sizer."),
  };
}
