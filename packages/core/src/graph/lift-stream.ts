import { Observable, type OperatorFunction } from "rxjs";
import type { Delivery, Settlement } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { Source } from "./source.ts";
import { WaitingList } from "./waiting-list.ts";

/** How the items that leave a stream node are booked. */
export type StreamBooking = "processor" | "connector";

/**
 * Runs a component that works on the whole stream, and keeps its books from outside: an outcome that arrives while a delivery
 * it handed on is being settled came from further down; any other outcome is the component's own decision. A stream that breaks,
 * or ends before its source, gives back what it holds and refuses from then on.
 */
export function liftStream(
  operator: OperatorFunction<Delivery, Delivery>,
  ledger: NodeLedger,
  log: Logger,
  booking: StreamBooking,
): OperatorFunction<Delivery, Delivery> {
  return (source) =>
    new Observable((subscriber) => {
      const node = new StreamNode(ledger, booking);
      const input = new Source<Delivery>();
      let isSourceDone = false;
      const stop = (why: string): void => {
        const error = PipelineError.unavailable(`${ledger.identity.key} has stopped: ${why}`);
        node.abandon(error);
        log.error("The component's stream broke; it refuses everything until a restart.", { error: error.message });
      };
      const output = input.stream.pipe(operator).subscribe({
        next: (delivery) => subscriber.next(node.leaving(delivery)),
        error: (caught: unknown) => stop(PipelineError.from(caught).message),
        complete: () => (isSourceDone ? subscriber.complete() : stop("it ended by itself")),
      });
      const upstream = source.subscribe({
        next(delivery) {
          const entered = node.entering(delivery);
          if (node.fault === undefined) input.next(entered);
          else entered.settlement.settle({ kind: "refused", error: node.fault });
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          isSourceDone = true;
          input.complete();
        },
      });
      return () => {
        upstream.unsubscribe();
        output.unsubscribe();
      };
    });
}

class StreamNode {
  /** Why the stream has stopped, if it has. */
  fault: PipelineError | undefined;
  readonly #ledger: NodeLedger;
  readonly #booking: StreamBooking;
  readonly #waiting = new WaitingList();
  #fromBelow = 0;

  constructor(ledger: NodeLedger, booking: StreamBooking) {
    this.#ledger = ledger;
    this.#booking = booking;
  }

  entering(delivery: Delivery): Delivery {
    const items = delivery.batch.itemCount;
    const { settlement } = delivery;
    this.#ledger.received += items;
    if (this.#booking === "connector") this.#ledger.delivered += items;
    const waiting = this.#waiting.add(settlement);
    const watched = createSettlement((outcome) => {
      // What was given back when the stream broke may still come to an end further down.
      if (!this.#waiting.remove(waiting)) return;
      if (this.#fromBelow === 0 && this.#booking === "processor") this.#ledger.settle(outcome, items);
      settlement.settle(outcome);
    });
    return { batch: delivery.batch, settlement: watched, context: delivery.context };
  }

  leaving(delivery: Delivery): Delivery {
    if (this.#booking === "processor") this.#ledger.passed += delivery.batch.itemCount;
    return { batch: delivery.batch, settlement: this.#below(delivery.settlement), context: delivery.context };
  }

  /** Gives back everything that waits; what had already been handed on may so arrive twice, but nothing is lost. */
  abandon(error: PipelineError): void {
    this.fault = error;
    this.#ledger.fault = error.message;
    this.#ledger.held = () => 0;
    this.#ledger.refused += this.#ledger.received - this.#ledger.moved;
    for (const { settlement } of this.#waiting.takeAll()) settlement.settle({ kind: "refused", error });
  }

  #below(settlement: Settlement): Settlement {
    return createSettlement((outcome) => {
      this.#fromBelow += 1;
      try {
        settlement.settle(outcome);
      } finally {
        this.#fromBelow -= 1;
      }
    });
  }
}
