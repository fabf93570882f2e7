import type { ScopeMetrics } from "@opentelemetry/sdk-metrics";
import type { Clock, LedgerSnapshot, Logger, NodeHealth, Timer } from "@tidemark/core";
import { ledgerTotals, NO_TOTALS, type LedgerTotals } from "../ledger-totals.ts";
import type { FromWorker, StartWorker, ToWorker, WorkerProcess } from "./messages.ts";

/** A worker that has run for this long may be replaced at once, whatever happened before. */
const STEADY_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Reports come every second; a worker that is silent for this long does nothing at all. */
const SILENT_MS = 10_000;

/** What a slot gets from its group. */
export interface SlotOptions {
  readonly index: number;
  readonly start: StartWorker;
  /** The first message to the next process of this slot. */
  readonly begin: () => ToWorker;
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything that the slot itself does not deal with. */
  readonly said: (message: FromWorker, slot: Slot) => void;
  readonly ended: (slot: Slot) => void;
}

/** One of the workers, through all processes that play it. */
export class Slot {
  readonly index: number;
  /** The last books of the present process, in full and in one row. */
  ledger: LedgerSnapshot = { nodes: [], edges: [], violations: [] };
  totals: LedgerTotals = NO_TOTALS;
  /** The books of the processes before it. */
  gone: LedgerTotals = NO_TOTALS;
  /** How often a process was replaced. */
  replaced = 0;
  /** Its metrics when they were last asked for. */
  metrics: readonly ScopeMetrics[] = [];
  readonly #options: SlotOptions;
  #process: WorkerProcess | undefined;
  #nodes: readonly NodeHealth[] = [];
  #isReady = false;
  #why = "has not started yet";
  #startedAt = 0;
  #heardAt = 0;
  #quickDeaths = 0;
  #replacement: Timer | undefined;
  #isStopping = false;
  readonly #first = Promise.withResolvers<void>();
  #isFirst = true;

  constructor(options: SlotOptions) {
    this.index = options.index;
    this.#options = options;
  }

  get isAlive(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when the first process is ready; rejects when it cannot start. */
  start(): Promise<void> {
    this.#spawn();
    return this.#first.promise;
  }

  send(message: ToWorker): void {
    this.#process?.send(message);
  }

  /** From now on no process is replaced. */
  stop(deadlineMs: number): void {
    this.#isStopping = true;
    this.#replacement?.cancel();
    this.send({ type: "stop", deadlineMs });
  }

  kill(): void {
    this.#process?.kill();
  }

  health(): NodeHealth[] {
    const node = `worker/${this.index}`;
    if (!this.#isReady) return [{ node, healthy: false, reason: this.#why }];
    const silentMs = this.#options.clock.now() - this.#heardAt;
    if (silentMs > SILENT_MS) return [{ node, healthy: false, reason: `has said nothing for ${Math.round(silentMs / 1000)} s` }];
    return [{ node, healthy: true }, ...this.#nodes.map((health) => ({ ...health, node: `${node}/${health.node}` }))];
  }

  #spawn(): void {
    const { clock, start, begin } = this.#options;
    this.#startedAt = this.#heardAt = clock.now();
    this.#process = start({ said: (message) => this.#said(message), ended: (reason) => this.#ended(reason) });
    this.#process.send(begin());
  }

  #said(message: FromWorker): void {
    this.#heardAt = this.#options.clock.now();
    if (message.type === "ready") this.#ready();
    else if (message.type === "failed") this.#failed(message.message);
    else if (message.type === "report") {
      this.#nodes = message.health.nodes;
      this.ledger = message.ledger;
      this.totals = ledgerTotals(message.ledger);
    } else {
      if (message.type === "stopped") this.totals = message.totals;
      this.#options.said(message, this);
    }
  }

  #ready(): void {
    this.#isReady = true;
    if (this.#isFirst) this.#first.resolve();
    else this.#options.log.info("The worker is replaced.", { worker: this.index, pid: this.pid });
    this.#isFirst = false;
  }

  #failed(message: string): void {
    this.#why = `could not start: ${message}`;
    if (this.#isFirst) this.#first.reject(new Error(message));
    else this.#options.log.error("A worker could not start.", { worker: this.index, error: message });
  }

  #ended(reason: string): void {
    const pid = this.pid;
    this.#process = undefined;
    this.#nodes = [];
    if (this.#isReady || this.#isFirst) this.#why = `ended by ${reason}`;
    this.#isReady = false;
    this.#options.ended(this);
    if (this.#isFirst) this.#first.reject(new Error(`worker ${this.index} ended by ${reason} before it was ready`));
    if (this.#isStopping || this.#isFirst) return;
    const pauseMs = this.#pauseMs();
    this.replaced += 1;
    this.#options.log.error("A worker ended; another one takes its place.", { worker: this.index, pid, reason, pause_ms: pauseMs });
    this.#replacement = this.#options.clock.setTimeout(() => this.#spawn(), pauseMs);
  }

  /** The first replacement comes at once; processes that die young are replaced more and more slowly. */
  #pauseMs(): number {
    if (this.#options.clock.now() - this.#startedAt >= STEADY_MS) this.#quickDeaths = 0;
    const pauseMs = this.#quickDeaths === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#quickDeaths - 1));
    this.#quickDeaths += 1;
    return pauseMs;
  }
}
