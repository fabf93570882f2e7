import type { Level } from "./level.ts";
import type { Signal } from "../schema/index.ts";

/** One received request: its bytes and where everything lies in them. Shared by all batches made from it; the bytes never change. */
export interface Segment {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  /** Outermost first: resources, scopes, (metrics, metric data,) items. */
  readonly levels: readonly Level[];
  readonly resources: Level;
  readonly scopes: Level;
  readonly items: Level;
  /** Whether the fields of every message are known to stand in the order of their numbers. */
  readonly ordered: boolean;
  /** Sum of the resource frames; what is left of `bytes` are unknown fields of the request itself. */
  readonly childBytes: number;
  /** Whether `release` may give the bytes back: nobody has them who could look at them later. */
  isOwned: boolean;
}
