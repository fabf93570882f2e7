import { DatabaseSync } from "node:sqlite";
import { STATE_FILE } from "../disk/storage-folders.ts";
import {
  deleteLetter,
  firstLetters,
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
import { StateDatabase } from "./state-database.ts";
import { GIVE_BACK_PAGES, inTransaction, isDamage, setAside } from "./state-file.ts";

const NO_LETTERS: OpenedState["letters"] = { letters: 0, items: 0, bytes: 0, replaying: 0 };

/**
 * Opens the database of a directory, in the calling thread. The caller has taken the directory.
 * @throws Error in words for users when the database is damaged or of another version.
 */
export function openState(options: StateOptions): { readonly calls: StateCalls; readonly opened: OpenedState } {
  const { state, aside } = openOrRecreate(options);
  const letters = state.database === undefined ? NO_LETTERS : letterTotals(state.database);
  // Room is kept from the first moment on.
  state.settleIn();
  return { calls: stateCalls(state, options), opened: { letters, ...(aside === undefined ? {} : { setAside: aside }) } };
}

function openOrRecreate(options: StateOptions): { readonly state: StateDatabase; readonly aside?: OpenedState["setAside"] } {
  const open = (): StateDatabase => new StateDatabase(options.directory, options);
  try {
    return { state: open() };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const problem = error.message;
    if (!options.recreate) {
      throw new Error(
        `${STATE_FILE} in ${options.directory} is damaged (${problem}): with "recreate: true" it is put aside as ${STATE_FILE}.backup and all of it that can be read is taken over`,
        { cause: error },
      );
    }
    const path = setAside(options.directory);
    const state = open();
    return { state, aside: { path, problem, salvaged: salvage(path, state) } };
  }
}

function salvage(path: string, state: StateDatabase): number {
  let damaged: DatabaseSync | undefined;
  try {
    const source = new DatabaseSync(path, { readOnly: true });
    damaged = source;
    return state.write((database) =>
      inTransaction(database, () => {
        salvageMarks(source, database);
        return salvageLetters(source, database);
      }),
    );
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 0;
  } finally {
    damaged?.close();
  }
}

function stateCalls(state: StateDatabase, { fsync }: StateOptions): StateCalls {
  // Undefined at first, so that the first look finds replays that were asked for while nothing ran.
  let seenVersion: unknown;
  return {
    readMarks: (owner) => (state.database === undefined ? [] : readMarks(state.database, owner)),
    saveMarks: (owner, marks, gone, durable) =>
      state.write((database) => {
        if (durable) return saveMarks(database, owner, marks, gone);
        // Marks survive the process in any case; a power cut may take the last ones, and their records are sent again.
        database.exec("PRAGMA synchronous = NORMAL");
        try {
          saveMarks(database, owner, marks, gone);
        } finally {
          if (fsync) database.exec("PRAGMA synchronous = FULL");
        }
      }),
    bury: (owner, burials, marks) =>
      state.write((database) =>
        inTransaction(database, () => {
          for (const each of marks) putMarks(database, owner, each);
          for (const { record, reason, buriedAt } of burials) insertLetter(database, owner, record, reason, buriedAt);
        }),
      ),
    news() {
      state.settleIn();
      const { database } = state;
      if (database === undefined) return undefined;
      const version = `${state.openings} ${String(database.prepare("PRAGMA data_version").get()?.["data_version"])}`;
      if (version === seenVersion) return undefined;
      seenVersion = version;
      return { letters: letterTotals(database), replays: ownersToReplay(database) };
    },
    letterTotals: () => (state.database === undefined ? NO_LETTERS : letterTotals(state.database)),
    firstLetters: (limit) => (state.database === undefined ? [] : firstLetters(state.database, limit)),
    lettersToReplay: (owner, limit) => (state.database === undefined ? [] : lettersToReplay(state.database, owner, limit)),
    readLetter: (id) => state.database && readLetter(state.database, id),
    refuseReplay: (id, reason) => state.write((database) => refuseReplay(database, id, reason)),
    deleteLetters: (ids) =>
      state.write((database) => {
        inTransaction(database, () => {
          for (const id of ids) deleteLetter(database, id);
        });
        database.exec(GIVE_BACK_PAGES);
      }),
    close: () => state.close(),
  };
}
