import type { ScopeMetrics } from "@opentelemetry/sdk-metrics";
import type { Host, LastReload, LedgerSnapshot, NodeChange, WorkerSlot } from "@tidemark/core";
import type { LedgerTotals } from "../ledger-totals.ts";
import type { SourceTexts } from "../reload/config-source.ts";

/** What the supervisor tells a worker. */
export type ToWorker =
  | {
      readonly type: "begin";
      readonly slot: WorkerSlot;
      /** What the supervisor read to make the configuration, so that all workers run the same. */
      readonly texts: SourceTexts;
      /** Directory of the sockets between the workers. */
      readonly sockets: string;
      /** How the collector's last reload ended. */
      readonly lastReload: LastReload | undefined;
    }
  /** A reload of the collector has ended, whether or not it came to the workers. */
  | { readonly type: "last_reload"; readonly lastReload: LastReload }
  | { readonly type: "collect"; readonly id: number }
  /** Take another configuration over. */
  | { readonly type: "reload"; readonly id: number; readonly texts: SourceTexts }
  /** Stop the receivers and let what is held flow out. */
  | { readonly type: "stop"; readonly deadlineMs: number }
  /** No worker takes in anything any more: what comes from the others has come. */
  | { readonly type: "senders_stopped" }
  /** Give up what is left. */
  | { readonly type: "hurry" };

/** What a worker tells the supervisor. */
export type FromWorker =
  | { readonly type: "ready" }
  /** It could not start, and ends. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "report"; readonly health: ReturnType<Host["health"]>; readonly ledger: LedgerSnapshot }
  | { readonly type: "metrics"; readonly id: number; readonly scopes: readonly ScopeMetrics[] }
  /** What became of the nodes, or why everything is as before. */
  | { readonly type: "reloaded"; readonly id: number; readonly nodes: readonly NodeChange[]; readonly error?: string }
  /** Its receivers have stopped. */
  | { readonly type: "receivers_stopped" }
  /** Its last books; it ends now. */
  | { readonly type: "stopped"; readonly totals: LedgerTotals };

/** A worker process as the supervisor sees it. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Messages to a process that has ended are lost without an error. */
  send(message: ToWorker): void;
  /** Ends it at once. */
  kill(): void;
}

/** What a worker process does; `ended` is the last event. */
export interface WorkerEvents {
  said(message: FromWorker): void;
  /** `reason` in words: a signal or an exit code. */
  ended(reason: string): void;
}

/** Starts a worker process. */
export type StartWorker = (events: WorkerEvents) => WorkerProcess;
