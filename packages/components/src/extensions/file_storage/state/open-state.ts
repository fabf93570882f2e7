import { DatabaseSync } from "node:sqlite";
import { lockDirectory } from "./directory-lock.ts";
import {
  deleteLetter,
  insertLetter,
  letterTotals,
  lettersToReplay,
  ownersToReplay,
  readLetter,
  refuseReplay,
  salvageLetters,
} from "./letters-table.ts";
import { putMarks, readMarks, salvageMarks, saveMarks } from "./marks-table.ts";
import type { OpenedState, StateCalls, StateOptions } from "./state-calls.ts";
import { GIVE_BACK_PAGES, inTransaction, isDamage, openStateFile, setAside, STATE_FILE } from "./state-file.ts";

/**
 * Takes the directory and opens its database, in the calling thread.
 * @throws Error in words for users when the directory is in use, or the database is damaged or of another version.
 */
export function openState(options: StateOptions): { readonly calls: StateCalls; readonly opened: OpenedState } {
  const unlock = lockDirectory(options.directory, options.lockTimeoutMs, options.pid);
  try {
    const { database, aside } = openOrRecreate(options);
    const opened = { letters: letterTotals(database), ...(aside === undefined ? {} : { setAside: aside }) };
    return { calls: stateCalls(database, options, unlock), opened };
  } catch (error) {
    unlock();
    throw error;
  }
}

function openOrRecreate(options: StateOptions): { readonly database: DatabaseSync; readonly aside?: OpenedState["setAside"] } {
  try {
    return { database: openStateFile(options.directory, options) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    if (!options.recreate) {
      throw new Error(
        `${STATE_FILE} in ${options.directory} is damaged (${problem}): with "recreate: true" it is put aside as ${STATE_FILE}.backup and all of it that can be read is taken over`,
        { cause: error },
      );
    }
    const path = setAside(options.directory);
    const database = openStateFile(options.directory, options);
    return { database, aside: { path, problem, salvaged: salvage(path, database) } };
  }
}

function salvage(path: string, database: DatabaseSync): number {
  let damaged: DatabaseSync | undefined;
  try {
    const source = new DatabaseSync(path, { readOnly: true });
    damaged = source;
    return inTransaction(database, () => {
      salvageMarks(source, database);
      return salvageLetters(source, database);
    });
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 0;
  } finally {
    damaged?.close();
  }
}

function stateCalls(database: DatabaseSync, { fsync }: StateOptions, unlock: () => void): StateCalls {
  // Undefined at first, so that the first look finds replays that were asked for while nothing ran.
  let seenVersion: unknown;
  return {
    readMarks: (owner) => readMarks(database, owner),
    saveMarks(owner, marks, gone, durable) {
      if (durable) return saveMarks(database, owner, marks, gone);
      // Marks survive the process in any case; a power cut may take the last ones, and their records are sent again.
      database.exec("PRAGMA synchronous = NORMAL");
      try {
        saveMarks(database, owner, marks, gone);
      } finally {
        if (fsync) database.exec("PRAGMA synchronous = FULL");
      }
    },
    bury: (owner, burials, marks) =>
      inTransaction(database, () => {
        for (const each of marks) putMarks(database, owner, each);
        for (const { record, reason, buriedAt } of burials) insertLetter(database, owner, record, reason, buriedAt);
      }),
    news() {
      const version = database.prepare("PRAGMA data_version").get()?.["data_version"];
      if (version === seenVersion) return undefined;
      seenVersion = version;
      return { letters: letterTotals(database), replays: ownersToReplay(database) };
    },
    lettersToReplay: (owner, limit) => lettersToReplay(database, owner, limit),
    readLetter: (id) => readLetter(database, id),
    refuseReplay: (id, reason) => refuseReplay(database, id, reason),
    deleteLetters(ids) {
      inTransaction(database, () => {
        for (const id of ids) deleteLetter(database, id);
      });
      database.exec(GIVE_BACK_PAGES);
    },
    close() {
      database.close();
      unlock();
    },
  };
}
