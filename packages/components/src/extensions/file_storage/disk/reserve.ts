import { randomFillSync } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isFull } from "./is-full.ts";

/** What the database needs to open and to note a good while of deliveries. */
const RESERVE_BYTES = 256 * 1024;
/** Room that is left when the reserve is made: whoever fills a disk is not hindered by it. */
const ROOM_FACTOR = 4;

/** Room that is kept for the database, as a file that can go when the disk is full. */
export function reserveFile(directory: string): string {
  return join(directory, "reserve");
}

/** Keeps room where there is enough of it; false where there is not. */
export function makeReserve(directory: string): boolean {
  const path = reserveFile(directory);
  if (existsSync(path)) return true;
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < RESERVE_BYTES * ROOM_FACTOR) return false;
  const file = openSync(path, "wx", 0o600);
  try {
    // Random, because file systems that compress keep no room for zeros.
    const bytes = randomFillSync(Buffer.allocUnsafe(RESERVE_BYTES));
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    if (isFull(error)) return false;
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Gives the kept room to whoever is first; false where none was kept. */
export function giveReserveBack(directory: string): boolean {
  const path = reserveFile(directory);
  if (!existsSync(path)) return false;
  rmSync(path, { force: true });
  return true;
}
