import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "@tidemark/core";
import { createEmpty } from "./create-empty.ts";

const LOCK_FILE = "lock";
const PID_FILE = "lock.pid";
/** What a lock leaves in its directory; the one that keeps others out is the last. */
export const LOCK_FILES: readonly string[] = [PID_FILE, LOCK_FILE];

const SQLITE_BUSY = 5;
const TRY_EVERY_MS = 50;

/** Another process has the directory. */
export class DirectoryInUse extends Error {
  override readonly name = "DirectoryInUse";
}

/** A directory that this process has. */
export interface DirectoryLock {
  /** Whether it is still the one that has the name: somebody may have deleted or replaced it. */
  readonly isIntact: () => boolean;
  readonly release: () => void;
}

/**
 * Takes the directory for this process. The lock is one of the operating system's, taken by
 * SQLite on an empty file: it ends with the process, however that ends. It belongs to the main thread, so that it outlives the
 * thread of the database.
 * @throws DirectoryInUse in words for users when another process has it and keeps it for `timeoutMs`.
 */
export async function lockDirectory(
  directory: string,
  { timeoutMs, pid, clock }: { readonly timeoutMs: number; readonly pid: number; readonly clock: Clock },
): Promise<DirectoryLock> {
  const until = clock.now() + timeoutMs;
  for (;;) {
    const lock = tryLock(directory, pid);
    if (lock !== undefined) return lock;
    if (clock.now() >= until) break;
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, TRY_EVERY_MS));
  }
  throw new DirectoryInUse(
    `the directory ${directory} is in use by another process${readPid(directory)}: stop that one, or give each file_storage a directory of its own`,
  );
}

/** Takes the directory at once; undefined when another process has it. */
export function tryLock(directory: string, pid: number): DirectoryLock | undefined {
  const path = join(directory, LOCK_FILE);
  // Who had it may have deleted the folder: a lock on a file without a name keeps nobody out.
  for (;;) {
    createEmpty(path);
    const before = identityOf(path);
    const database = lockFile(path);
    if (database === undefined) return undefined;
    if (identityOf(path) === before) {
      notePid(directory, pid);
      return { isIntact: () => identityOf(path) === before, release: () => database.close() };
    }
    database.close();
  }
}

/** Whether a process has the directory now. */
export function isLocked(directory: string): boolean {
  const path = join(directory, LOCK_FILE);
  if (!existsSync(path)) return false;
  const database = lockFile(path);
  database?.close();
  return database === undefined;
}

function lockFile(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.dev} ${stats.ino} ${stats.birthtimeNs}`;
}

/** For the message to others only: a disk that is full has no room for it. */
function notePid(directory: string, pid: number): void {
  try {
    writeFileSync(join(directory, PID_FILE), `${pid}\n`, { mode: 0o600 });
  } catch {
    // Nothing depends on it.
  }
}

function readPid(directory: string): string {
  try {
    const pid = readFileSync(join(directory, PID_FILE), "utf8").trim();
    return pid === "" ? "" : ` (pid ${pid})`;
  } catch {
    return "";
  }
}
