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
        rejected += items;
        rejectedMessage = message;
      },
    });
    if (sent !== undefined) await untilAborted(sent, controller.signal);
    return rejected === 0 ? SUCCESS : { rejected, rejectedMessage };
  } catch (caught) {
    const reason: unknown = controller.signal.aborted ? controller.signal.reason : caught;
    return { error: PipelineError.from(reason), rejected, rejectedMessage };
  } finally {
    timer?.cancel();
    deadline.removeEventListener("abort", abort);
  }
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
