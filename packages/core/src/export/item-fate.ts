import type { PipelineError } from "../contract/pipeline-error.ts";

/**
 * What became of items in an exporter. `buried` ones are among the dead letters; `lost` ones are nowhere any more, for the reason
 * named: `rejected`, `partly_rejected`, `retries_exhausted`, `stopped` (the collector ended first) or `unreadable` (in the storage).
 */
export type ItemFate =
  | { readonly kind: "delivered" | "refused" | "buried" }
  | { readonly kind: "lost"; readonly reason: string; readonly error: PipelineError | undefined };
