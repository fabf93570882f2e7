import { statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { isFull, SQLITE_FULL } from "../disk/is-full.ts";
import { giveReserveBack, makeReserve } from "../disk/reserve.ts";
import { STATE_FILE } from "../disk/storage-folders.ts";
import { openStateFile } from "./state-file.ts";

/** Of so many calls of `settleIn` one looks for room. */
const LOOK_EVERY = 4;

/**
 * The database of a directory, whether the disk has room for it or not. On a full disk it takes the room that was kept for it; without that it
 * can still be read, as long as it was made before, and what it cannot write fails with the error of a full disk.
 */
export class StateDatabase {
  readonly #directory: string;
  readonly #options: { readonly fsync: boolean };
  #database: DatabaseSync | undefined;
  #isCramped = false;
  #isUnmade = false;
  /** How often it was opened: what another process has changed in between nobody can know. */
  openings = 0;
  #calls = 0;

  /** @throws what `openStateFile` throws, but for errors of a full disk. */
  constructor(directory: string, options: { readonly fsync: boolean }) {
    this.#directory = directory;
    this.#options = options;
    this.#open();
  }

  /**
   * Undefined where it could not be made yet: it holds nothing.
   * @throws Error when it is there and could not be opened again.
   */
  get database(): DatabaseSync | undefined {
    if (this.#database === undefined && !this.#isUnmade) throw new Error("the database could not be opened again");
    return this.#database;
  }

  /** Carries out what writes; where there is no room for it, once more in the room that was kept or that can be made. */
  write<T>(work: (database: DatabaseSync) => T): T {
    if (this.#database === undefined) this.#open();
    try {
      return work(this.#opened());
    } catch (error) {
      if (!isFull(error)) throw error;
      giveReserveBack(this.#directory);
      this.#reuseLog();
      return work(this.#opened());
    }
  }

  /** Makes itself at home when there is room again. Call it about twice a second. */
  settleIn(): void {
    if (this.#calls++ % LOOK_EVERY !== 0) return;
    if (this.#isCramped || this.#database === undefined) {
      this.close();
      this.#open();
    }
    if (!this.#isCramped && this.#database !== undefined) makeReserve(this.#directory);
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  #opened(): DatabaseSync {
    if (this.#database === undefined) throw Object.assign(new Error("database or disk is full"), { errcode: SQLITE_FULL });
    return this.#database;
  }

  #open(): void {
    this.#isCramped = false;
    this.#isUnmade = false;
    for (;;) {
      try {
        this.#database = openStateFile(this.#directory, { ...this.#options, isCramped: this.#isCramped });
        this.openings += 1;
        return;
      } catch (error) {
        if (!isFull(error)) throw error;
        if (giveReserveBack(this.#directory)) continue;
        if (this.#isCramped) return this.#doWithout(error);
        this.#isCramped = true;
      }
    }
  }

  /** One that was never made holds nothing; any other must be read. */
  #doWithout(error: unknown): void {
    if ((statSync(join(this.#directory, STATE_FILE), { throwIfNoEntry: false })?.size ?? 0) > 0) throw error;
    this.#isUnmade = true;
  }

  /** Moves what the write-ahead log holds into the database, so that the next transaction is written over it. */
  #reuseLog(): void {
    try {
      this.#database?.exec("PRAGMA wal_checkpoint(RESTART)");
    } catch {
      // There is no room for that either.
    }
  }
}
