import type { Batch } from "@tidemark/otlp";
import type { Clock } from "../contract/clock.ts";
import type { Exporter, SendContext } from "../contract/component.ts";
import { PipelineError } from "../contract/pipeline-error.ts";

/** What one attempt achieved. */
export interface AttemptResult {
  readonly error?: PipelineError;
  /** Items that the far side took and threw away (OTLP partial success). */
  readonly rejected: number;
  readonly rejectedMessage: string;
}

const SUCCESS: AttemptResult = { rejected: 0, rejectedMessage: "" };

/** How one attempt is made. */
export interface AttemptOptions {
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly compression: SendContext["compression"];
  readonly clock: Clock;
  /** Aborts when sending has to end. */
  readonly deadline: AbortSignal;
}

/** Calls `send` once, bounded by its time-out and by the deadline. Never throws. */
export async function attempt(exporter: Exporter, batch: Batch, options: AttemptOptions): Promise<AttemptResult> {
  const { timeoutMs, compression, clock, deadline } = options;
  const controller = new AbortController();
  const abort = (): void => controller.abort(PipelineError.unavailable("the collector is shutting down"));
  const timer =
    timeoutMs > 0
      ? clock.setTimeout(
          () => controller.abort(new PipelineError(`no answer within ${timeoutMs} ms`, { code: "deadline_exceeded", retryable: true })),
          timeoutMs,
        )
      : undefined;
  if (deadline.aborted) abort();
  else deadline.addEventListener("abort", abort, { once: true });
  let rejected = 0;
  let rejectedMessage = "";
  try {
    const sent = exporter.send(batch, {
      signal: controller.signal,
      compression,
      rejected(items, message) {
        // Numbers from the far side: a negative one would make items out of nothing.
        if (!Number.isInteger(items) || items <= 0) return;
        rejected = Math.min(batch.itemCount, rejected + items);
        rejectedMessage = message;
      },
    });
    if (sent !== undefined) await untilAborted(sent, controller.signal);
    return rejected === 0 ? SUCCESS : { rejected, rejectedMessage };
  } catch (caught) {
    const reason: unknown = controller.signal.aborted ? controller.signal.reason : caught;
    return { error: errorOf(reason), rejected, rejectedMessage };
  } finally {
    timer?.cancel();
    deadline.removeEventListener("abort", abort);
  }
}

/** A system call that failed (a connection, a file) says nothing about the data, whoever forgot to catch it. */
function errorOf(reason: unknown): PipelineError {
  if (reason instanceof PipelineError) return reason;
  for (let error = reason; error instanceof Error; error = error.cause)
    if ("syscall" in error) return new PipelineError(error.message, { code: "unavailable", retryable: true, cause: reason });
  return PipelineError.from(reason);
}

/** An exporter that ignores its signal must not hold the queue for ever. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    const settle = (finish: () => void): void => {
      signal.removeEventListener("abort", stop);
      finish();
    };
    work.then(
      () => settle(resolve),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
