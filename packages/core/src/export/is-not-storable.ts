import { PipelineError } from "../contract/pipeline-error.ts";

/** Whether a storage can never take what it was given. An error that does not say so may pass: it is tried again. */
export function isNotStorable(caught: unknown): boolean {
  return caught instanceof PipelineError && !caught.retryable;
}
