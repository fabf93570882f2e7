import { Observable, type OperatorFunction, type Subscriber } from "rxjs";
import type { Lifecycle } from "../contract/component.ts";
import type { Delivery, Settlement } from "../contract/delivery.ts";
import type { Outcome } from "../contract/outcome.ts";
import type { PipelineError } from "../contract/pipeline-error.ts";
import type { Partition } from "../contract/worker.ts";
import type { EdgeLedger } from "../ledger/edge-ledger.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import { BatchCutter } from "./cut-batch.ts";
import type { Awaiting, Exchange } from "./exchange.ts";

/**
 * Stands before a node that must see all items of a trace, a series and so on: keeps what this worker owns, and passes the rest to
 * its owners, whose answers settle it. Its books: what another worker took is delivered, what none took is refused.
 */
export class ExchangeNode implements Lifecycle {
  readonly #exchange: Exchange;
  readonly #cutter: BatchCutter;
  readonly #ledger: NodeLedger;
  /** What comes from other workers. */
  readonly #incoming: EdgeLedger;
  #next: Subscriber<Delivery> | undefined;
  #detach: (() => void) | undefined;
  #awaited = 0;
  #idle: (() => void) | undefined;

  constructor(exchange: Exchange, partition: Partition, ledger: NodeLedger, incoming: EdgeLedger) {
    this.#exchange = exchange;
    this.#cutter = new BatchCutter(partition, exchange.slot);
    this.#ledger = ledger;
    this.#incoming = incoming;
    ledger.held = () => this.#awaited;
  }

  readonly operator: OperatorFunction<Delivery, Delivery> = (source) =>
    new Observable((subscriber) => {
      this.#next = subscriber;
      return source.subscribe({
        next: (delivery) => this.#cut(delivery),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });

  /** From now on other workers may send. */
  start(): void {
    const { key } = this.#ledger.identity;
    this.#detach = this.#exchange.attach(key, (delivery) => {
      this.#incoming.items += delivery.batch.itemCount;
      this.#ledger.received += delivery.batch.itemCount;
      this.#keep(delivery);
    });
  }

  /** Takes nothing more from others, and waits for their answers. */
  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#detach?.();
    if (this.#awaited === 0 || deadline.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    deadline.addEventListener("abort", () => resolve(), { once: true });
    await promise;
  }

  #cut({ batch, settlement, context }: Delivery): void {
    this.#ledger.received += batch.itemCount;
    const parts = this.#cutter.cut(batch);
    if (parts.length === 0) return this.#keep({ batch, settlement, context });
    const settlements = parts.length === 1 ? [settlement] : settlement.split(parts.length);
    for (const [i, part] of parts.entries()) {
      const delivery = { batch: part.batch, settlement: settlements[i]!, context };
      if (part.owner === this.#exchange.slot.index) this.#keep(delivery);
      else this.#pass(part.owner, delivery);
    }
  }

  #keep(delivery: Delivery): void {
    this.#ledger.passed += delivery.batch.itemCount;
    this.#next?.next(delivery);
  }

  #pass(owner: number, { batch, settlement, context }: Delivery): void {
    this.#awaited += batch.itemCount;
    const awaiting = new AwaitedPart(settlement, batch.itemCount, this);
    this.#exchange.send(owner, { node: this.#ledger.identity.key, batch, context }, awaiting);
  }

  /** Called once for each part that went to another worker. */
  finished(items: number, isTaken: boolean): void {
    this.#awaited -= items;
    if (isTaken) this.#ledger.delivered += items;
    else this.#ledger.refused += items;
    if (this.#awaited === 0) this.#idle?.();
  }
}

/** Remembers who waits, and not for what: a closure here would keep the batch alive. */
class AwaitedPart implements Awaiting {
  readonly #settlement: Settlement;
  readonly #items: number;
  readonly #node: ExchangeNode;

  constructor(settlement: Settlement, items: number, node: ExchangeNode) {
    this.#settlement = settlement;
    this.#items = items;
    this.#node = node;
  }

  answered(outcome: Outcome): void {
    this.#node.finished(this.#items, true);
    this.#settlement.settle(outcome);
  }

  turnedAway(error: PipelineError): void {
    this.#node.finished(this.#items, false);
    this.#settlement.settle({ kind: "refused", error });
  }
}
