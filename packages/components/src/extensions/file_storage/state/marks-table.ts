import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { SegmentMarks } from "../log/segment.ts";
import { inTransaction } from "./state-file.ts";

/** What the database knows of the segments of `owner`. Rows with a wrong checksum are left out: their records are sent again. */
export function readMarks(database: DatabaseSync, owner: string): SegmentMarks[] {
  const rows = database.prepare("SELECT * FROM segments WHERE owner = ? ORDER BY number").all(owner);
  return rows.flatMap((row) => {
    const marks: SegmentMarks = {
      number: Number(row["number"]),
      salt: Number(row["salt"]),
      firstId: Number(row["first_id"]),
      nextId: Number(row["next_id"]),
      removed: row["removed"] as Uint8Array,
    };
    return checksum(marks) === Number(row["checksum"]) ? [marks] : [];
  });
}

/** Copies what can be read of a damaged file's marks. */
export function salvageMarks(damaged: DatabaseSync, database: DatabaseSync): void {
  try {
    for (const row of damaged.prepare("SELECT DISTINCT owner FROM segments").all()) {
      const owner = String(row["owner"]);
      for (const marks of readMarks(damaged, owner)) putMarks(database, owner, marks);
    }
  } catch {
    // Without its marks a record is sent again: nothing is lost.
  }
}

/** Writes marks anew and forgets segments that are gone, in one transaction. */
export function saveMarks(database: DatabaseSync, owner: string, marks: readonly SegmentMarks[], gone: readonly number[]): void {
  inTransaction(database, () => {
    for (const each of marks) putMarks(database, owner, each);
    const forget = database.prepare("DELETE FROM segments WHERE owner = ? AND number = ?");
    for (const number of gone) forget.run(owner, number);
  });
}

/** Writes the marks of one segment; the caller has opened the transaction. */
export function putMarks(database: DatabaseSync, owner: string, marks: SegmentMarks): void {
  database
    .prepare("INSERT OR REPLACE INTO segments (owner, number, salt, first_id, next_id, removed, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)")
    .run(owner, marks.number, marks.salt, marks.firstId, marks.nextId, marks.removed, checksum(marks));
}

// SQLite has no checksums of its own, and a flipped bit here would lose a record in silence.
function checksum({ number, salt, firstId, nextId, removed }: SegmentMarks): number {
  return crc32(removed, crc32(`${number} ${salt} ${firstId} ${nextId}`));
}
