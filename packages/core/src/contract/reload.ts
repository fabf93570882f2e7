/** What a reload does to one node of the graph. */
export interface NodeChange {
  /** Key of the node, as in the ledger; extensions are `extension/id`. */
  readonly node: string;
  readonly change: "unchanged" | "rebuilt" | "new" | "removed";
  /** What becomes of its memory; `none` for nodes that keep nothing from one batch to the next. */
  readonly state: "kept" | "lost" | "none";
  /** Why it is rebuilt, or why its memory is lost, in words. */
  readonly reason?: string;
}

/** What a reload came to. `failed`: the graph that ran before runs on, untouched. */
export interface ReloadReport {
  readonly result: "reloaded" | "unchanged" | "failed";
  /** What happened, or what is wrong and where, in words for users. */
  readonly message: string;
  readonly nodes: readonly NodeChange[];
  /** From the moment when it was asked for to the moment when the new graph took over, in milliseconds. */
  readonly durationMs: number;
}
