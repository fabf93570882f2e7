import { messageOf, PipelineError } from "@tidemark/core";
import { isFull } from "./is-full.ts";

/** How long a client should wait when there is no room: deliveries make some within seconds, or a person has to. */
export const FULL_RETRY_MS = 5000;

/** What a component sees of a failure of the disk: always retryable, because nothing was stored and the disk may recover. */
export function storageError(error: unknown, directory: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const message = messageOf(error);
  if (isFull(error)) {
    return new PipelineError(`the disk of the storage in ${directory} is full (${message}): free some space, it goes on by itself`, {
      code: "resource_exhausted",
      retryable: true,
      retryAfterMs: FULL_RETRY_MS,
      cause: error,
    });
  }
  return new PipelineError(`the storage in ${directory} cannot be used now (${message}): check the disk, it goes on by itself`, {
    code: "unavailable",
    retryable: true,
    retryAfterMs: FULL_RETRY_MS,
    cause: error,
  });
}
