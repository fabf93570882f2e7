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

/** How the last reload ended. */
export interface LastReload extends Pick<ReloadReport, "result" | "message"> {
  /** In milliseconds since the Unix epoch. */
  readonly at: number;
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

/** A configuration that somebody else has read, to be compared with the one that runs. */
export interface Candidate {
  /** Values of `--config`, in order. */
  readonly uris: readonly string[];
  /** Values of `--set`, in order. */
  readonly sets: readonly string[];
  /** Everything that was read for it, by path or URI. */
  readonly texts: Readonly<Record<string, string>>;
}

/** The place of a mistake, without the words that may quote a value. */
export interface MistakeSite {
  readonly code: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Keys from the top, joined by `::`. */
  readonly path: string;
}

/**
 * What a reload to a candidate would come to. It names nodes and places and never quotes a value: a candidate may ask for variables of
 * the collector's environment that its sender must not see. `failed` with no mistakes: every part is right, but no graph can be built.
 */
export interface PlanReport {
  readonly result: "planned" | "failed";
  readonly nodes: readonly NodeChange[];
  /** `service::telemetry` differs; that takes effect at the next start. */
  readonly telemetryChanged: boolean;
  readonly mistakes: readonly MistakeSite[];
}
