import type { NodeLedger } from "./node-ledger.ts";

/** What an edge carries: the telemetry that its node passes on, or the alerts that it raises. */
export type EdgeKind = "data" | "alerts";

/** Items that went over one connection of the graph. */
export interface EdgeRow {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly to: string;
  readonly items: number;
}

/** Where items come from that no node of this process has sent. */
export const OTHER_WORKERS = "workers";

/** The count of one connection while the graph runs. */
export class EdgeLedger {
  readonly kind: EdgeKind;
  readonly source: NodeLedger | typeof OTHER_WORKERS;
  readonly target: NodeLedger;
  items = 0;
  /** What the source had passed on before there was this edge. */
  passedBefore = 0;
  /** A reload has led the source elsewhere: nothing comes over the edge any more. */
  isCut = false;

  constructor(kind: EdgeKind, source: NodeLedger | typeof OTHER_WORKERS, target: NodeLedger) {
    this.kind = kind;
    this.source = source;
    this.target = target;
  }

  row(): EdgeRow {
    const from = this.source === OTHER_WORKERS ? OTHER_WORKERS : this.source.identity.key;
    return { kind: this.kind, from, to: this.target.identity.key, items: this.items };
  }
}
