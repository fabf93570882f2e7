import type { Batch, Signal } from "@tidemark/otlp";
import type { ComponentContext, Exporter } from "../contract/component.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import { deliver, type DeliverEnvironment } from "./deliver.ts";
import type { ExporterSettings } from "./exporter-settings.ts";
import { SendingQueue } from "./sending-queue.ts";

/** What became of the items of one signal, for the metrics. */
export interface ExporterCounts {
  sent: number;
  failed: number;
  refused: number;
}

/** An exporter in the graph: queue, retry and time-out around `send`, and the books of what became of every item. */
export class ExporterNode {
  readonly ledger: NodeLedger;
  readonly settings: ExporterSettings;
  readonly counts: Map<Signal, ExporterCounts> = new Map();
  readonly #exporter: Exporter;
  readonly #context: ComponentContext;
  readonly #queue: SendingQueue | undefined;
  readonly #stop = new AbortController();
  readonly #environment: DeliverEnvironment;
  #inFlightItems = 0;
  #inFlight = 0;
  #idle: (() => void) | undefined;
  #isClosed = false;

  constructor(exporter: Exporter, settings: ExporterSettings, context: ComponentContext, ledger: NodeLedger) {
    this.#exporter = exporter;
    this.#context = context;
    this.ledger = ledger;
    this.settings = settings;
    this.#environment = { exporter, settings, context, deadline: this.#stop.signal };
    if (settings.queue !== undefined) {
      this.#queue = new SendingQueue(settings.queue, {
        send: (batch) => deliver(batch, this.#environment),
        full: (items, size, capacity) =>
          context.log.warn("Sending queue is full. Refusing data.", { queue_size: size, queue_capacity: capacity, refused_items: items }),
        finished: (delivery, outcome, answered) => this.#book(delivery.batch, outcome, answered),
      });
    }
    ledger.held = () => (this.#queue?.heldItems ?? 0) + this.#inFlightItems;
  }

  /** Used capacity of the queue, in units of its sizer. */
  get queueSize(): number {
    return this.#queue?.size ?? 0;
  }

  consume(delivery: Delivery): void {
    this.ledger.received += delivery.batch.itemCount;
    if (this.#isClosed) return this.#refuse(delivery);
    if (this.#queue !== undefined) return this.#queue.accept(delivery);
    this.#inFlight += 1;
    this.#inFlightItems += delivery.batch.itemCount;
    void deliver(delivery.batch, this.#environment).then((outcome) => {
      this.#inFlight -= 1;
      this.#inFlightItems -= delivery.batch.itemCount;
      this.#book(delivery.batch, outcome, false);
      delivery.settlement.settle(outcome);
      if (this.#inFlight === 0) this.#idle?.();
    });
  }

  #refuse(delivery: Delivery): void {
    const outcome: Outcome = { kind: "refused", error: PipelineError.unavailable("the exporter has stopped") };
    this.#book(delivery.batch, outcome, false);
    delivery.settlement.settle(outcome);
  }

  /** Empties the queue; at the deadline what is left is given up, counted and named in the log. */
  async shutdown(deadline: AbortSignal): Promise<void> {
    const giveUp = (): void => this.#stop.abort();
    if (deadline.aborted) giveUp();
    else deadline.addEventListener("abort", giveUp, { once: true });
    await this.#queue?.drained();
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    deadline.removeEventListener("abort", giveUp);
    this.#isClosed = true;
    await this.#exporter.shutdown?.(deadline);
  }

  #book(batch: Batch, outcome: Outcome, answered: boolean): void {
    const items = batch.itemCount;
    const counts = this.#countsOf(batch.signal);
    if (outcome.kind === "refused" && !answered) {
      this.ledger.refused += items;
      counts.refused += items;
      return;
    }
    const lost = outcome.kind === "failed" ? Math.min(outcome.items, items) : outcome.kind === "refused" ? items : 0;
    this.ledger.failed += lost;
    this.ledger.delivered += items - lost;
    counts.failed += lost;
    counts.sent += items - lost;
    if (outcome.kind === "failed" || outcome.kind === "refused") {
      this.#context.log.error("Exporting failed. Dropping data.", { error: outcome.error.message, dropped_items: lost });
    }
  }

  #countsOf(signal: Signal): ExporterCounts {
    const known = this.counts.get(signal);
    if (known !== undefined) return known;
    const counts: ExporterCounts = { sent: 0, failed: 0, refused: 0 };
    this.counts.set(signal, counts);
    return counts;
  }
}
