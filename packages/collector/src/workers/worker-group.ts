import type { Meter } from "@opentelemetry/api";
import type { ScopeMetrics } from "@opentelemetry/sdk-metrics";
import { mergeLedgers, type Clock, type Host, type LastReload, type LedgerSnapshot, type Logger, type NodeChange } from "@tidemark/core";
import { addTotals, NO_TOTALS, type LedgerTotals } from "../ledger-totals.ts";
import { countersOf, mergeMetrics } from "../telemetry/merge-metrics.ts";
import type { SourceTexts } from "../reload/config-source.ts";
import type { FromWorker, StartWorker, ToWorker } from "./messages.ts";
import { Slot } from "./worker-slot.ts";

/** How long workers may take to send their metrics. */
const COLLECT_MS = 2000;
/** How long a worker may take to take a configuration over. */
const RELOAD_MS = 30_000;
/** A worker gives up what is left at the deadline, and components get a little longer; after that it is killed. */
const KILL_AFTER_MS = 5000;

type Reloaded = Extract<FromWorker, { type: "reloaded" }>;

/** What a group of workers is made from. */
export interface GroupOptions {
  readonly count: number;
  readonly start: StartWorker;
  readonly texts: SourceTexts;
  readonly sockets: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** All workers: starts and replaces them, and adds up what they say. */
export class WorkerGroup {
  readonly #slots: readonly Slot[];
  readonly #clock: Clock;
  /** The configuration of each worker: they differ while a reload goes from one to the next. */
  readonly #texts: SourceTexts[];
  readonly #reloading = new Map<number, { readonly slot: Slot; readonly done: (answer: Reloaded) => void }>();
  #startedAt: number | undefined;
  #lastReload: LastReload | undefined;
  /** Counters of processes that are gone. */
  #goneMetrics: readonly ScopeMetrics[] = [];
  #nextId = 0;
  readonly #collecting = new Map<number, { readonly waiting: Set<Slot>; readonly done: () => void }>();
  readonly #quiet = new Set<Slot>();
  #allEnded: (() => void) | undefined;

  constructor({ count, start, texts, sockets, clock, log }: GroupOptions) {
    this.#clock = clock;
    this.#texts = Array.from({ length: count }, () => texts);
    this.#slots = Array.from({ length: count }, (_, index) => {
      const begin = (): ToWorker => {
        const lastReload = this.#lastReload;
        return { type: "begin", slot: { index, count }, texts: this.#texts[index] ?? texts, sockets, lastReload };
      };
      const said = (message: FromWorker, slot: Slot): void => this.#said(message, slot);
      return new Slot({ index, start, begin, clock, log, said, ended: (slot) => this.#ended(slot) });
    });
  }

  /** Resolves when all are ready; rejects when one cannot start. The others run on until `shutdown`. */
  async start(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.start()));
    this.#startedAt = this.#clock.now();
  }

  /**
   * Gives all workers another configuration, one after the other; resolves with what became of the nodes in the first. When one
   * cannot take it over, those before it get theirs back.
   * @throws Error with what that worker said.
   */
  async reload(texts: SourceTexts): Promise<readonly NodeChange[]> {
    let nodes: readonly NodeChange[] = [];
    const before = [...this.#texts];
    for (const slot of this.#slots) {
      const answer = await this.#reloadOne(slot, texts);
      if (answer.error !== undefined) {
        for (const done of this.#slots.slice(0, slot.index)) await this.#reloadOne(done, before[done.index] ?? texts);
        throw new Error(`worker ${slot.index}: ${answer.error}`);
      }
      if (nodes.length === 0) nodes = answer.nodes;
    }
    return nodes;
  }

  async #reloadOne(slot: Slot, texts: SourceTexts): Promise<Reloaded> {
    const before = this.#texts[slot.index];
    // A process that takes the place of a dead one begins with it.
    this.#texts[slot.index] = texts;
    if (!slot.isAlive) return { type: "reloaded", id: -1, nodes: [] };
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Reloaded>();
    const timer = this.#clock.setTimeout(() => resolve({ type: "reloaded", id, nodes: [], error: "it did not answer in time" }), RELOAD_MS);
    this.#reloading.set(id, { slot, done: resolve });
    slot.send({ type: "reload", id, texts });
    const answer = await promise;
    timer.cancel();
    this.#reloading.delete(id);
    if (answer.error !== undefined && before !== undefined) this.#texts[slot.index] = before;
    return answer;
  }

  /** Tells all workers, and those that come after them, how a reload has ended. */
  tellReload(lastReload: LastReload): void {
    this.#lastReload = lastReload;
    this.#broadcast({ type: "last_reload", lastReload });
  }

  health(): ReturnType<Host["health"]> {
    return {
      ready: this.#startedAt !== undefined,
      startedAt: this.#startedAt,
      nodes: this.#slots.flatMap((slot) => slot.health()),
    };
  }

  /** The books of the living workers, as of their last reports. */
  ledger(): LedgerSnapshot {
    return mergeLedgers(new Map(this.#slots.filter((slot) => slot.isAlive).map((slot) => [`worker/${slot.index}`, slot.ledger])));
  }

  totals(): LedgerTotals {
    return this.#slots.reduce((sum, { gone, totals }) => addTotals(sum, addTotals(gone, totals)), NO_TOTALS);
  }

  /** Makes metrics that show the workers apart. */
  observe(meter: Meter): void {
    const received = meter.createObservableCounter("tidemark_worker_received_items", {
      description: "Items that the worker's receivers took in.",
    });
    const replaced = meter.createObservableCounter("tidemark_worker_replacements", {
      description: "Processes that were replaced because they ended.",
    });
    received.addCallback((result) => {
      for (const { index, gone, totals } of this.#slots) result.observe(gone.received + totals.received, { worker: index });
    });
    replaced.addCallback((result) => {
      for (const slot of this.#slots) result.observe(slot.replaced, { worker: slot.index });
    });
  }

  /** The metrics of all workers, one list each; of one that does not answer in time, what it sent last. */
  async metrics(): Promise<readonly (readonly ScopeMetrics[])[]> {
    const id = this.#nextId++;
    const waiting = new Set(this.#slots.filter((slot) => slot.isAlive));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(resolve, COLLECT_MS);
    this.#collecting.set(id, { waiting, done: resolve });
    for (const slot of waiting) slot.send({ type: "collect", id });
    if (waiting.size > 0) await promise;
    timer.cancel();
    this.#collecting.delete(id);
    return [this.#goneMetrics, ...this.#slots.map((slot) => slot.metrics)];
  }

  /** Stops all workers at the same time; resolves when no process is left. */
  async shutdown(deadlineMs: number, hurry?: AbortSignal): Promise<void> {
    this.#startedAt = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#allEnded = resolve;
    let killer = this.#killAfter(deadlineMs + KILL_AFTER_MS);
    const onHurry = (): void => {
      this.#broadcast({ type: "hurry" });
      killer.cancel();
      killer = this.#killAfter(KILL_AFTER_MS);
    };
    hurry?.addEventListener("abort", onHurry, { once: true });
    for (const slot of this.#slots) slot.stop(deadlineMs);
    if (hurry?.aborted === true) onHurry();
    this.#checkEnded();
    await promise;
    killer.cancel();
    hurry?.removeEventListener("abort", onHurry);
  }

  #killAfter(ms: number): ReturnType<Clock["setTimeout"]> {
    return this.#clock.setTimeout(() => {
      for (const slot of this.#slots) slot.kill();
    }, ms);
  }

  #said(message: FromWorker, slot: Slot): void {
    if (message.type === "metrics") {
      slot.metrics = message.scopes;
      this.#collected(slot, message.id);
    } else if (message.type === "reloaded") {
      this.#reloading.get(message.id)?.done(message);
    } else if (message.type === "receivers_stopped") {
      this.#quiet.add(slot);
      this.#checkQuiet();
    }
  }

  #ended(slot: Slot): void {
    // What a process held when it ended, its clients still have; what is left at the end of the drain nobody has.
    const held = this.#allEnded === undefined ? 0 : slot.totals.held;
    slot.gone = addTotals(slot.gone, { ...slot.totals, held, stored: Math.min(held, slot.totals.stored) });
    slot.totals = NO_TOTALS;
    // Counters must not go back because a worker began anew.
    this.#goneMetrics = mergeMetrics([this.#goneMetrics, countersOf(slot.metrics)]);
    slot.metrics = [];
    for (const id of this.#collecting.keys()) this.#collected(slot, id);
    // The one in its place begins with the new configuration.
    for (const [id, waiting] of this.#reloading) if (waiting.slot === slot) waiting.done({ type: "reloaded", id, nodes: [] });
    this.#checkQuiet();
    this.#checkEnded();
  }

  #collected(slot: Slot, id: number): void {
    const collecting = this.#collecting.get(id);
    collecting?.waiting.delete(slot);
    if (collecting?.waiting.size === 0) collecting.done();
  }

  /** When no worker takes in anything any more, all may stop taking from each other. */
  #checkQuiet(): void {
    if (this.#quiet.size === 0 || this.#slots.some((slot) => slot.isAlive && !this.#quiet.has(slot))) return;
    this.#broadcast({ type: "senders_stopped" });
  }

  #checkEnded(): void {
    if (this.#slots.every((slot) => !slot.isAlive)) this.#allEnded?.();
  }

  #broadcast(message: ToWorker): void {
    for (const slot of this.#slots) slot.send(message);
  }
}
