import { closeSync, existsSync, openSync } from "node:fs";

/**
 * Makes an empty file for SQLite, which its owner only may read: SQLite itself would let others read it. A file that is there is not opened:
 * when a process closes any descriptor of a file, it loses all its POSIX locks on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export function createEmpty(path: string): void {
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
