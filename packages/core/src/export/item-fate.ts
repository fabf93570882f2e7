import type { PipelineError } from "../contract/pipeline-error.ts";
import type { SendResult } from "./sender.ts";

/**
 * What became of items in an exporter. `buried` ones are among the dead letters; `lost` ones are nowhere any more, for the reason
 * named: `rejected`, `partly_rejected`, `retries_exhausted`, `stopped` (the collector ended first), `not_storable` (its sender was
 * told so) or `unreadable` (in the storage).
 */
export type ItemFate =
  | { readonly kind: "delivered" | "refused" | "buried" }
  | { readonly kind: "lost"; readonly reason: string; readonly error: PipelineError | undefined };

/** Some items of a request and what became of them. */
export interface SharedFate {
  readonly count: number;
  readonly fate: ItemFate;
}

/**
 * What becomes of the items of a request that was not delivered and is not among the dead letters. Those whose senders still wait
 * (`isWaitedFor`) are handed back; what is stored (`isStored`) and could not be sent before the end stays in the books as held.
 */
export function fatesOf(
  items: number,
  { kind, rejected, error }: SendResult,
  { isWaitedFor, isStored }: { readonly isWaitedFor: boolean; readonly isStored: boolean },
): readonly SharedFate[] {
  const lost = (count: number): SharedFate => ({ count, fate: { kind: "lost", reason: kind, error } });
  if (kind === "partly_rejected") {
    const delivered: SharedFate = { count: items - rejected, fate: { kind: "delivered" } };
    return rejected < items ? [lost(rejected), delivered] : [lost(items)];
  }
  if (kind === "rejected") return [lost(items)];
  if (isWaitedFor) return [{ count: items, fate: { kind: "refused" } }];
  return kind === "stopped" && isStored ? [] : [lost(items)];
}
