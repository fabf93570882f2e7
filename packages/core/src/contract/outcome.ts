import type { PipelineError } from "./pipeline-error.ts";

/**
 * What became of a batch. `delivered` and `dropped` (on purpose, with a reason that the ledger counted) are success to the
 * client; `refused` may be sent again; `failed` may not.
 */
export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "dropped"; readonly reason: string }
  | { readonly kind: "refused"; readonly error: PipelineError }
  | { readonly kind: "failed"; readonly error: PipelineError; /** Items that are lost; the rest was delivered. */ readonly items: number };

/** The outcome of a batch that has arrived. */
export const DELIVERED: Outcome = { kind: "delivered" };
