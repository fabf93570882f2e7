import type { DatabaseSync } from "node:sqlite";
import {
  deleteLetter,
  letterTotals,
  listLetters,
  markForReplay,
  readLetter,
  type LetterFilter,
  type LetterRow,
  type LetterTotals,
} from "./state/letters-table.ts";
import { isLocked } from "./disk/directory-lock.ts";
import { isFull } from "./disk/is-full.ts";
import { giveReserveBack } from "./disk/reserve.ts";
import { GIVE_BACK_PAGES, inTransaction, openStateFile, openStateFileToRead } from "./state/state-file.ts";
import { storageFolders, type StorageFolder } from "./disk/storage-folders.ts";

export type { LetterFilter, LetterTotals } from "./state/letters-table.ts";

/** A dead letter without its body. */
export interface DeadLetter extends Omit<LetterRow, "id"> {
  /** A number; with several workers the worker's number, a dot and a number. */
  readonly id: string;
}

/** A dead letter with its body. */
export interface DeadLetterWithBody extends DeadLetter {
  /** OTLP protobuf of the batch; for the reason `corrupt` what is left of the stored record. */
  readonly body: Uint8Array;
  /** Whether the body is still what was put aside. */
  readonly whole: boolean;
}

/** Dead letters by their ids, or all that match a filter. */
export type DeadLetterSelection = { readonly ids: readonly string[] } | { readonly filter: LetterFilter };

/** How far a replay or a drop has come. */
export interface DeadLetterProgress {
  /** Letters that have been looked at. */
  readonly done: number;
  readonly total: number;
}

/** What came of a replay or a drop. */
export interface DeadLetterChange {
  readonly selected: number;
  /** The others are gone, asked for already, or damaged and so never replayed. */
  readonly changed: number;
}

const PAGE = 500;

/**
 * The dead letters in the directory of a `file_storage`, for tools: a collector may run on it at the same time. Every call opens
 * the files anew and closes them, so an object holds nothing.
 */
export class DeadLetters {
  readonly #directory: string;

  /** @throws Error in words for users when `directory` is none of a `file_storage`. */
  constructor(directory: string) {
    this.#directory = directory;
    if (storageFolders(directory).length === 0) {
      throw new Error(`there is no storage in ${directory}: give the "directory" of a file_storage extension`);
    }
  }

  /** Whether a collector runs on the directory. If so it takes replays up within a second, else at its next start. */
  isInUse(): boolean {
    return storageFolders(this.#directory).some(({ path }) => isLocked(path));
  }

  /** Letters that match, oldest first in each worker's folder. They are read as they are asked for. */
  *listDeadLetters(filter: LetterFilter = {}): Generator<DeadLetter, void, undefined> {
    for (const folder of storageFolders(this.#directory)) {
      for (let after = 0; ;) {
        const rows = reading(folder.path, (database) => listLetters(database, filter, after, PAGE));
        for (const row of rows) yield { ...row, id: `${folder.prefix}${row.id}` };
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) break;
        after = last.id;
      }
    }
  }

  /** One letter with its body; undefined when there is none. */
  readDeadLetter(id: string): DeadLetterWithBody | undefined {
    const place = this.#placeOf(id);
    if (place === undefined) return undefined;
    const found = reading(place.folder.path, (database) => readLetter(database, place.id));
    return found && { ...found.letter, id, body: found.body, whole: found.whole };
  }

  /** Sums over the letters that match. */
  totals(filter: LetterFilter = {}): LetterTotals {
    const sums = { letters: 0, items: 0, bytes: 0, replaying: 0 };
    for (const { path } of storageFolders(this.#directory)) {
      const part = reading(path, (database) => letterTotals(database, filter));
      sums.letters += part.letters;
      sums.items += part.items;
      sums.bytes += part.bytes;
      sums.replaying += part.replaying;
    }
    return sums;
  }

  /**
   * Has letters sent again: they leave the dead letters when their queue has them. `totals().replaying` tells how many it has not
   * taken yet. Letters with the reason `corrupt` stay.
   */
  replay(selection: DeadLetterSelection, onProgress: (progress: DeadLetterProgress) => void = () => {}): Promise<DeadLetterChange> {
    return this.#change(selection, markForReplay, onProgress);
  }

  /** Deletes letters for good. */
  drop(selection: DeadLetterSelection, onProgress: (progress: DeadLetterProgress) => void = () => {}): Promise<DeadLetterChange> {
    return this.#change(selection, deleteLetter, onProgress);
  }

  async #change(
    selection: DeadLetterSelection,
    change: (database: DatabaseSync, id: number) => boolean,
    onProgress: (progress: DeadLetterProgress) => void,
  ): Promise<DeadLetterChange> {
    const ids = "ids" in selection ? selection.ids : [...this.listDeadLetters(selection.filter)].map(({ id }) => id);
    let changed = 0;
    for (let done = 0; done < ids.length;) {
      const page = ids.slice(done, done + PAGE);
      changed += this.#changePage(page, change);
      done += page.length;
      onProgress({ done, total: ids.length });
      // A turn of the event loop, so that progress can be shown and the work be interrupted.
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    return { selected: ids.length, changed };
  }

  #changePage(ids: readonly string[], change: (database: DatabaseSync, id: number) => boolean): number {
    let changed = 0;
    for (const folder of storageFolders(this.#directory)) {
      const own = ids.flatMap((id) => {
        const place = this.#placeOf(id);
        return place?.folder.path === folder.path ? [place.id] : [];
      });
      if (own.length === 0) continue;
      changed += withRoom(folder.path, () =>
        using(openStateFile(folder.path, { fsync: true }), (database) => {
          const done = inTransaction(database, () => own.filter((id) => change(database, id)).length);
          database.exec(GIVE_BACK_PAGES);
          return done;
        }),
      );
    }
    return changed;
  }

  #placeOf(id: string): { readonly folder: StorageFolder; readonly id: number } | undefined {
    const match = /^(\d+\.)?(\d+)$/.exec(id);
    const folder = storageFolders(this.#directory).find(({ prefix }) => prefix === (match?.[1] ?? ""));
    return match === null || folder === undefined ? undefined : { folder, id: Number(match[2]) };
  }
}

function reading<T>(directory: string, work: (database: DatabaseSync) => T): T {
  return withRoom(directory, () => using(openStateFileToRead(directory), work));
}

/** On a full disk also to look at the letters needs some room, and to drop them, which makes some. */
function withRoom<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isFull(error) || !giveReserveBack(directory)) throw error;
    return work();
  }
}

function using<T>(database: DatabaseSync, work: (database: DatabaseSync) => T): T {
  try {
    return work(database);
  } finally {
    database.close();
  }
}
