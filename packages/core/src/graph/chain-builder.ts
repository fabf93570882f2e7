import { tap, type Observable, type OperatorFunction } from "rxjs";
import type { Processor } from "../contract/component.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import type { ExchangeNode } from "../exchange/exchange-node.ts";
import { EdgeLedger } from "../ledger/edge-ledger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import { EntryPoint, fanOut, Outlet } from "./entry-point.ts";
import type { Chain, Step } from "./graph-parts.ts";
import { liftBatchFunction } from "./lift-batch-function.ts";
import { liftStream } from "./lift-stream.ts";
import { Source } from "./source.ts";

/** What a processor is built in with. */
interface ProcessorParts {
  readonly ledger: NodeLedger;
  readonly alerts: Outlet;
  readonly log: Logger;
  /** As its definition says. */
  readonly borrows: boolean;
}

/** Puts operators one behind the other, with an edge in the books between each two. */
export class ChainBuilder {
  readonly #ledger: Ledger;
  readonly #source = new Source<Delivery>();
  readonly #steps: Step[] = [];
  #stream: Observable<Delivery> = this.#source.stream;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  add(step: Step, operator: OperatorFunction<Delivery, Delivery>, borrows: boolean): void {
    const previous = this.#steps.at(-1);
    if (previous !== undefined) {
      const edge = this.#ledger.connect(new EdgeLedger("data", previous.ledger, step.ledger));
      this.#stream = this.#stream.pipe(tap((delivery) => (edge.items += delivery.batch.itemCount)));
    }
    if (!borrows) this.#stream = this.#stream.pipe(tap(({ batch }) => batch.keep()));
    this.#stream = this.#stream.pipe(operator);
    this.#steps.push(step);
  }

  addProcessor(id: string, component: Processor, { ledger, alerts, log, borrows }: ProcessorParts): void {
    const step = { key: ledger.identity.key, id, component, ledger, alerts };
    if ("process" in component) return this.add(step, liftBatchFunction(component, ledger, log), borrows);
    ledger.held = () => component.held();
    this.add(step, liftStream(component.operator, ledger, log, "processor"), borrows);
  }

  addExchange(id: string, { node, ledger }: { node: ExchangeNode; ledger: NodeLedger }): void {
    this.add({ key: ledger.identity.key, id, component: node, ledger }, node.operator, false);
  }

  /** The chain, which leads nowhere yet. */
  finish(key: string): Chain {
    const [first] = this.#steps;
    if (first === undefined) throw new Error(`${key} has no steps`);
    const outlet = new Outlet();
    this.#stream.subscribe((delivery) => fanOut(delivery, outlet.edges));
    return { key, entry: new EntryPoint(first.ledger, this.#source), steps: this.#steps, outlet };
  }
}
