import type { DeadLetterReason, NewRecord } from "@tidemark/core";
import type { SegmentMarks } from "../log/segment.ts";
import type { LetterRow, LetterTotals } from "./letters-table.ts";

/** What a worker needs to open the state of a directory. */
export interface StateOptions {
  readonly directory: string;
  readonly fsync: boolean;
  /** Set a damaged database aside and begin a new one, instead of failing. */
  readonly recreate: boolean;
}

/** What was found when the state was opened. */
export interface OpenedState {
  readonly letters: LetterTotals;
  /** Where a damaged database was put, and how many of its dead letters could be read. */
  readonly setAside?: { readonly path: string; readonly salvaged: number; readonly problem: string };
}

/** What another process has changed. */
export interface StateNews {
  readonly letters: LetterTotals;
  /** Owners of letters that wait to be sent again. */
  readonly replays: readonly string[];
}

/** A record that becomes a dead letter. */
export interface Burial {
  readonly record: NewRecord;
  readonly reason: DeadLetterReason;
  /** In milliseconds since the Unix epoch. */
  readonly buriedAt: number;
}

/** What the database can do; each member is one transaction. All arguments and results can be posted between threads. */
export interface StateCalls {
  readMarks(owner: string): SegmentMarks[];
  /** With `durable` they survive a power cut, else the end of the process only. */
  saveMarks(owner: string, marks: readonly SegmentMarks[], gone: readonly number[], durable: boolean): void;
  /** Adds dead letters; `marks` say in the same transaction that their records are done with. */
  bury(owner: string, burials: readonly Burial[], marks: readonly SegmentMarks[]): void;
  /** Undefined when no other process has changed anything since the last call. */
  news(): StateNews | undefined;
  letterTotals(): LetterTotals;
  /** Ids of the first letters that nobody wants to be sent again. */
  firstLetters(limit: number): number[];
  lettersToReplay(owner: string, limit: number): number[];
  readLetter(id: number): { readonly letter: LetterRow; readonly body: Uint8Array; readonly whole: boolean } | undefined;
  refuseReplay(id: number, reason: Pick<DeadLetterReason, "reason" | "message">): void;
  deleteLetters(ids: readonly number[]): void;
  close(): void;
}
