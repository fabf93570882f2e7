import type { ComponentContext } from "@tidemark/core";
import type { Answer } from "./answer.ts";

type RequestOutcome = "success" | "refused" | "failure";

/** Counts requests in plain numbers; the meter reads them when it collects, so a request costs one addition. */
export class RequestCounter {
  readonly #counts: Record<"grpc" | "http", Record<RequestOutcome, number>> = {
    grpc: { success: 0, refused: 0, failure: 0 },
    http: { success: 0, refused: 0, failure: 0 },
  };

  constructor(context: ComponentContext) {
    const counter = context.meter.createObservableCounter("otelcol_receiver_requests", {
      description: "Requests answered, by outcome: success, refused (may be sent again) or failure.",
      unit: "{request}",
    });
    counter.addCallback((result) => {
      for (const [transport, outcomes] of Object.entries(this.#counts)) {
        for (const [outcome, count] of Object.entries(outcomes)) result.observe(count, { receiver: context.id, transport, outcome });
      }
    });
  }

  count(transport: "grpc" | "http", answer: Answer): void {
    const counts = this.#counts[transport];
    if (answer.kind !== "error") counts.success += 1;
    else if (answer.retryDelayMs !== undefined || answer.httpStatus === 503 || answer.httpStatus === 429) counts.refused += 1;
    else counts.failure += 1;
  }
}
