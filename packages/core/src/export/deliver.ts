import type { Batch } from "@tidemark/otlp";
import type { ComponentContext, Exporter } from "../contract/component.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { attempt } from "./attempt.ts";
import { Backoff } from "./backoff.ts";
import type { ExporterSettings } from "./exporter-settings.ts";

/** Everything that sending needs beside the batch. */
export interface DeliverEnvironment {
  readonly exporter: Exporter;
  readonly settings: ExporterSettings;
  readonly context: Pick<ComponentContext, "clock" | "random" | "log">;
  /** Aborts at the shutdown deadline: nothing is tried after it. */
  readonly deadline: AbortSignal;
}

/** Sends a batch until it is delivered, refused for good, or out of time. Never throws. */
export async function deliver(batch: Batch, { exporter, settings, context, deadline }: DeliverEnvironment): Promise<Outcome> {
  const startedAt = context.clock.now();
  const backoff = settings.retry === undefined ? undefined : new Backoff(settings.retry, context.random);
  for (;;) {
    const { error, rejected, rejectedMessage } = await attempt(exporter, batch, settings.timeoutMs, context.clock, deadline);
    if (error === undefined) return rejected === 0 ? DELIVERED : partlyRejected(rejected, rejectedMessage);
    if (!error.retryable) return { kind: "failed", error, items: batch.itemCount };
    if (backoff === undefined || deadline.aborted) return { kind: "refused", error };
    const wait = backoff.next(error.retryAfterMs);
    const limit = settings.retry?.max_elapsed_time ?? 0;
    if (limit > 0 && context.clock.now() - startedAt + wait > limit) {
      return {
        kind: "refused",
        error: new PipelineError(`no more retries left: ${error.message}`, { code: error.code, retryable: true, cause: error }),
      };
    }
    context.log.info("Exporting failed. Will retry the request after interval.", {
      error: error.message,
      interval_ms: Math.round(wait),
      items: batch.itemCount,
    });
    await pause(wait, context, deadline);
    if (deadline.aborted) return { kind: "refused", error };
  }
}

function partlyRejected(items: number, message: string): Outcome {
  return { kind: "failed", items, error: PipelineError.invalid(`the far side rejected ${items} items: ${message}`) };
}

function pause(ms: number, { clock }: Pick<ComponentContext, "clock">, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      deadline.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimeout(done, ms);
    deadline.addEventListener("abort", done, { once: true });
  });
}
