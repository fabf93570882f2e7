import type { LogFields } from "@tidemark/core";

/** Levels that are written; the Collector's dpanic, panic and fatal count as error. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One event before it becomes text. */
export interface LogEvent {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly level: LogLevel;
  /** Who speaks: a component's key, such as `processor/batch@traces`, or empty for the collector itself. */
  readonly component: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Takes finished lines, without line end. */
export type LogSink = (line: string) => void;
