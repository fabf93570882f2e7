import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SQLITE_BUSY = 5;

/**
 * Takes the directory for this process; gives the function that lets it go. The lock is one of the operating system's, taken by
 * SQLite on an empty file: it ends with the process, however that ends.
 * @throws Error in words for users when another process has it and keeps it for `timeoutMs`.
 */
export function lockDirectory(directory: string, timeoutMs: number, pid: number): () => void {
  const database = new DatabaseSync(join(directory, "lock"), { timeout: timeoutMs });
  const pidFile = join(directory, "lock.pid");
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!(error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY)) throw error;
    throw new Error(
      `the directory ${directory} is in use by another process${readPid(pidFile)}: stop that one, or give each file_storage a directory of its own`,
      { cause: error },
    );
  }
  writeFileSync(pidFile, `${pid}\n`);
  return () => database.close();
}

/** Whether a process has the directory now. */
export function isLocked(directory: string): boolean {
  if (!existsSync(join(directory, "lock"))) return false;
  const database = new DatabaseSync(join(directory, "lock"), { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; ROLLBACK");
    return false;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return true;
    throw error;
  } finally {
    database.close();
  }
}

function readPid(path: string): string {
  try {
    return ` (pid ${readFileSync(path, "utf8").trim()})`;
  } catch {
    return "";
  }
}
