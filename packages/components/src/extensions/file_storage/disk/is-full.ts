const NO_ROOM = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
// https://www.sqlite.org/rescode.html; the second is what a full disk says to the index of the write-ahead log.
export const SQLITE_FULL = 13;
const SQLITE_IOERR_SHMSIZE = 4874;

/** Whether an error of the disk or of SQLite says that there is no room. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && NO_ROOM.has(error.code)) return true;
  const code = "errcode" in error ? Number(error.errcode) : undefined;
  return code === SQLITE_FULL || code === SQLITE_IOERR_SHMSIZE;
}
