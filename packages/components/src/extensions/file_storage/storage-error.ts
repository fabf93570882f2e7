import { PipelineError } from "@tidemark/core";

/** How long a client should wait when there is no room: deliveries make some within seconds, or a person has to. */
export const FULL_RETRY_MS = 5000;

const NO_ROOM = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
// https://www.sqlite.org/rescode.html
const SQLITE_FULL = 13;

/** Whether an error of the disk or of SQLite says that there is no room. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && NO_ROOM.has(error.code)) return true;
  return "errcode" in error && Number(error.errcode) === SQLITE_FULL;
}

/** What a component sees of a failure of the disk: always retryable, because nothing was stored and the disk may recover. */
export function storageError(error: unknown, directory: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const message = error instanceof Error ? error.message : String(error);
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
