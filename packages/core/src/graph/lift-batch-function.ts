import { Observable, type OperatorFunction } from "rxjs";
import type { BatchFunction } from "../contract/component.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";

/** Makes an operator of a plain function over a batch, and keeps its books. An exception ends the batch, never the stream. */
export function liftBatchFunction(component: BatchFunction, ledger: NodeLedger, log: Logger): OperatorFunction<Delivery, Delivery> {
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next(delivery) {
          const next = runBatchFunction(component, delivery, ledger, log);
          if (next !== undefined) subscriber.next(next);
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}

function runBatchFunction(component: BatchFunction, delivery: Delivery, ledger: NodeLedger, log: Logger): Delivery | undefined {
  const { batch, settlement } = delivery;
  ledger.received += batch.itemCount;
  const droppedBefore = ledger.droppedTotal;
  let result: typeof batch | undefined;
  try {
    result = component.process(batch, delivery);
  } catch (caught) {
    const error = PipelineError.from(caught);
    // What was booked as dropped before the exception stays booked so; its sender is answered for the whole batch.
    const items = batch.itemCount - (ledger.droppedTotal - droppedBefore);
    if (error.code === "internal") log.error("Processing failed.", { error: error.message, items });
    if (error.retryable) ledger.refused += items;
    else ledger.failed += items;
    settlement.settle(error.retryable ? { kind: "refused", error } : { kind: "failed", error, items: batch.itemCount });
    return undefined;
  }
  if (result === undefined || result.itemCount === 0) {
    settlement.settle({ kind: "dropped", reason: ledger.droppedTotal > droppedBefore ? ledger.lastReason : "unexplained" });
    return undefined;
  }
  ledger.passed += result.itemCount;
  return result === batch ? delivery : { batch: result, settlement, context: delivery.context };
}
