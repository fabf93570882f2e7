import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createEmpty } from "../disk/create-empty.ts";
import { STATE_FILE } from "../disk/storage-folders.ts";
import { checkedVersion, MIGRATIONS, migrate } from "./schema.ts";

// Two processes write to the file: the collector and the command for dead letters. Neither holds it for long.
const BUSY_TIMEOUT_MS = 10_000;
// https://www.sqlite.org/pragma.html#pragma_auto_vacuum
const INCREMENTAL = 2;
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;
// https://www.sqlite.org/rescode.html
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Shortens the file by pages that deleted letters have left, a part at a time. */
export const GIVE_BACK_PAGES = "PRAGMA incremental_vacuum(4096)";

/**
 * Opens the state of `directory` for writing; makes and migrates it where needed. `isCramped` needs not a single byte for a file that is
 * there and up to date, and lets no other process in.
 */
export function openStateFile(directory: string, options: { readonly fsync: boolean; readonly isCramped?: boolean }): DatabaseSync {
  const path = join(directory, STATE_FILE);
  // The files beside it get the same mode.
  createEmpty(path);
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // With this the index of the write-ahead log is in memory instead of a file.
    if (options.isCramped === true) database.exec("PRAGMA locking_mode = EXCLUSIVE");
    // To set it once more would write.
    if (database.prepare("PRAGMA auto_vacuum").get()?.["auto_vacuum"] !== INCREMENTAL) database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.exec(`PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${options.fsync ? "FULL" : "NORMAL"};
      PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`);
    migrate(database);
    // Reads the trees of both tables, though not the bodies: damage shows now and not in the middle of the night.
    database.exec("SELECT count(*), sum(next_id) FROM segments; SELECT count(*), sum(bytes) FROM dead_letters");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Opens the state of `directory` to look at it.
 * @throws Error in words for users when there is none.
 */
export function openStateFileToRead(directory: string): DatabaseSync {
  const path = join(directory, STATE_FILE);
  if (!existsSync(path)) throw new Error(`there is no ${STATE_FILE} in ${directory}: give the directory of a file_storage extension`);
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: true });
  try {
    if (checkedVersion(database) < MIGRATIONS.length) {
      throw new Error(`${path} was written by an older Tidemark: start the collector once, it brings the file up to date`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Whether an error says that the file itself is damaged. */
export function isDamage(error: unknown): error is Error {
  if (!(error instanceof Error && "errcode" in error)) return false;
  const code = Number(error.errcode) & 0xff;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** Puts a damaged file aside under the name that it returns. An older one of that name goes. */
export function setAside(directory: string): string {
  const path = join(directory, STATE_FILE);
  const backup = `${path}.backup`;
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(`${backup}${suffix}`, { force: true });
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${backup}${suffix}`);
  }
  return backup;
}

/** Runs `work` in one transaction. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
