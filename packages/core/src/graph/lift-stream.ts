import { Observable, Subject, type OperatorFunction } from "rxjs";
import type { Delivery, Settlement } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import { createSettlement } from "../settlement/settlement.ts";

/** How the items that leave a stream node are booked. */
export type StreamBooking = "processor" | "connector";

/**
 * Runs a component that works on the whole stream, and keeps its books from outside: an outcome that arrives while a delivery
 * it handed on is being settled came from further down; any other outcome is the component's own decision.
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
      const input = new Subject<Delivery>();
      let broken: PipelineError | undefined;
      const output = input.pipe(operator).subscribe({
        next: (delivery) => subscriber.next(node.leaving(delivery)),
        error: (caught: unknown) => {
          broken = PipelineError.unavailable(`${ledger.identity.key} has stopped: ${PipelineError.from(caught).message}`);
          log.error("The component's stream broke; it refuses everything until a restart.", { error: broken.message });
        },
        complete: () => subscriber.complete(),
      });
      const upstream = source.subscribe({
        next(delivery) {
          const entered = node.entering(delivery);
          if (broken === undefined) input.next(entered);
          else entered.settlement.settle({ kind: "refused", error: broken });
        },
        error: (error) => subscriber.error(error),
        complete: () => input.complete(),
      });
      return () => {
        upstream.unsubscribe();
        output.unsubscribe();
      };
    });
}

class StreamNode {
  readonly #ledger: NodeLedger;
  readonly #booking: StreamBooking;
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
    const watched = createSettlement((outcome) => {
      if (this.#fromBelow === 0 && this.#booking === "processor") this.#ledger.settle(outcome, items);
      settlement.settle(outcome);
    });
    return { batch: delivery.batch, settlement: watched, context: delivery.context };
  }

  leaving(delivery: Delivery): Delivery {
    if (this.#booking === "processor") this.#ledger.passed += delivery.batch.itemCount;
    return { batch: delivery.batch, settlement: this.#below(delivery.settlement), context: delivery.context };
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
