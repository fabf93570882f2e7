import type { Exporter, PipelineError } from "@tidemark/core";
import type { Batch } from "@tidemark/otlp";

/** What became of one `send`. */
export interface SendResult {
  readonly error?: PipelineError;
  readonly rejected: number;
  readonly message: string;
}

/** Sends as the graph would, once. */
export async function sendOnce(exporter: Exporter, batch: Batch, signal: AbortSignal = new AbortController().signal): Promise<SendResult> {
  let rejected = 0;
  let message = "";
  try {
    await exporter.send(batch, {
      signal,
      rejected(items, text) {
        rejected += items;
        message = text;
      },
    });
    return { rejected, message };
  } catch (error) {
    return { error: error as PipelineError, rejected, message };
  }
}
