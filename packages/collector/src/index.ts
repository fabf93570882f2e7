export { createCollector, type Collector, type CollectorOptions } from "./collector.ts";
export { drawingOf, type Box, type BoxKind, type Drawing, type Lane, type Link, type Place } from "./drawing/drawing.ts";
export { toMermaid } from "./drawing/mermaid.ts";
export { toSvg } from "./drawing/svg.ts";
export { ledgerTotals, type LedgerTotals } from "./ledger-totals.ts";
export type { LogSink } from "./logging/log-event.ts";
export { VERSION } from "./version.ts";
