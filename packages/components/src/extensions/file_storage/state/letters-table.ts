import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { DeadLetterReason, NewRecord } from "@tidemark/core";
import type { Signal } from "@tidemark/otlp";

/** A dead letter without its body. */
export interface LetterRow extends DeadLetterReason {
  readonly id: number;
  /** The component whose queue the record was in. */
  readonly owner: string;
  readonly signal: Signal;
  readonly items: number;
  readonly bytes: number;
  /** When it was put aside, in milliseconds since the Unix epoch. */
  readonly buriedAt: number;
  readonly receivedAt: number;
  readonly transport: string;
  readonly metadata?: ReadonlyMap<string, readonly string[]>;
  /** Asked to be sent again, and not yet taken back by the queue. */
  readonly replay: boolean;
}

/** Which dead letters are meant; fields that are left out mean all. */
export interface LetterFilter {
  readonly owner?: string;
  readonly signal?: Signal;
  readonly reason?: string;
  /** Put aside at or after this time, in milliseconds since the Unix epoch. */
  readonly since?: number;
  /** Put aside before this time. */
  readonly until?: number;
}

/** Sums over the dead letters. */
export interface LetterTotals {
  readonly letters: number;
  readonly items: number;
  readonly bytes: number;
  /** Letters that wait to be taken back by their queue. */
  readonly replaying: number;
}

/** Reason of letters whose bytes are damaged; they are never replayed. */
export const CORRUPT = "corrupt";

/** A damaged tree can answer with errors for every id there could be. */
const MOST_FAILURES = 10_000;

const COLUMNS = "id, owner, signal, reason, message, attempts, buried_at, received_at, transport, metadata, items, bytes, replay, checksum";

/** Adds a letter; the caller has opened the transaction. Gives its id. */
export function insertLetter(
  database: DatabaseSync,
  owner: string,
  record: NewRecord,
  { reason, message, attempts }: DeadLetterReason,
  buriedAt: number,
): number {
  const { signal, items, bytes, receivedAt, transport, metadata } = record;
  const insert = database.prepare(
    `INSERT INTO dead_letters (owner, signal, reason, message, attempts, buried_at, received_at, transport, metadata, items, bytes, checksum, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const described = metadata === undefined ? null : JSON.stringify([...metadata]);
  const values = [
    owner,
    signal,
    reason,
    message,
    attempts,
    buriedAt,
    receivedAt,
    transport,
    described,
    items,
    bytes.length,
    crc32(bytes),
    bytes,
  ];
  return Number(insert.run(...values).lastInsertRowid);
}

/** Letters that match, oldest first, with ids above `after`; at most `limit`. */
export function listLetters(database: DatabaseSync, filter: LetterFilter, after: number, limit: number): LetterRow[] {
  const { where, values } = condition(filter);
  const rows = database.prepare(`SELECT ${COLUMNS} FROM dead_letters WHERE ${where} AND id > ? ORDER BY id LIMIT ?`);
  return rows.all(...values, after, limit).map(letterOf);
}

/** One letter with its body, and whether that is still what was put aside. */
export function readLetter(
  database: DatabaseSync,
  id: number,
): { readonly letter: LetterRow; readonly body: Uint8Array; readonly whole: boolean } | undefined {
  const row = database.prepare(`SELECT ${COLUMNS}, body FROM dead_letters WHERE id = ?`).get(id);
  if (row === undefined) return undefined;
  const body = row["body"] as Uint8Array;
  return { letter: letterOf(row), body, whole: crc32(body) === Number(row["checksum"]) };
}

/** Sums over the letters that match. */
export function letterTotals(database: DatabaseSync, filter: LetterFilter = {}): LetterTotals {
  const { where, values } = condition(filter);
  const sums = database
    .prepare(
      `SELECT count(*) AS letters, coalesce(sum(items), 0) AS items, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(replay), 0) AS replaying
       FROM dead_letters WHERE ${where}`,
    )
    .get(...values);
  const sum = (name: keyof LetterTotals): number => Number(sums?.[name] ?? 0);
  return { letters: sum("letters"), items: sum("items"), bytes: sum("bytes"), replaying: sum("replaying") };
}

/** Marks a letter to be sent again; false when it is gone, marked already, or damaged. */
export function markForReplay(database: DatabaseSync, id: number): boolean {
  const mark = database.prepare(`UPDATE dead_letters SET replay = 1 WHERE id = ? AND replay = 0 AND reason <> '${CORRUPT}'`);
  return mark.run(id).changes === 1;
}

/** Takes back the wish to send a letter again, because that cannot be: the reason says why. */
export function refuseReplay(database: DatabaseSync, id: number, { reason, message }: Pick<DeadLetterReason, "reason" | "message">): void {
  database.prepare("UPDATE dead_letters SET replay = 0, reason = ?, message = ? WHERE id = ?").run(reason, message, id);
}

/** Deletes a letter for good; false when it is gone. */
export function deleteLetter(database: DatabaseSync, id: number): boolean {
  return database.prepare("DELETE FROM dead_letters WHERE id = ?").run(id).changes === 1;
}

/** Ids of letters that nobody wants to be sent again, oldest first. */
export function firstLetters(database: DatabaseSync, limit: number): number[] {
  const rows = database.prepare("SELECT id FROM dead_letters WHERE replay = 0 ORDER BY id LIMIT ?").all(limit);
  return rows.map((row) => Number(row["id"]));
}

/** Ids of letters of `owner` that wait to be sent again, oldest first. */
export function lettersToReplay(database: DatabaseSync, owner: string, limit: number): number[] {
  const rows = database.prepare("SELECT id FROM dead_letters WHERE owner = ? AND replay = 1 ORDER BY id LIMIT ?").all(owner, limit);
  return rows.map((row) => Number(row["id"]));
}

/** Owners of letters that wait to be sent again. */
export function ownersToReplay(database: DatabaseSync): string[] {
  return database
    .prepare("SELECT DISTINCT owner FROM dead_letters WHERE replay = 1")
    .all()
    .map((row) => String(row["owner"]));
}

/** Copies what can be read of a damaged file's letters; gives how many. */
export function salvageLetters(damaged: DatabaseSync, database: DatabaseSync): number {
  let saved = 0;
  let failures = 0;
  for (let id: number | undefined = 0; id !== undefined && failures < MOST_FAILURES;) {
    try {
      id = nextId(damaged, id);
      const found = id === undefined ? undefined : readLetter(damaged, id);
      if (found?.whole === true) {
        insertLetter(database, found.letter.owner, { ...found.letter, bytes: found.body }, found.letter, found.letter.buriedAt);
        saved += 1;
      }
    } catch {
      // This page is gone; the next letter may be on another.
      failures += 1;
    }
    if (id !== undefined) id += 1;
  }
  return saved;
}

function nextId(database: DatabaseSync, from: number): number | undefined {
  const id = database.prepare("SELECT id FROM dead_letters WHERE id >= ? ORDER BY id LIMIT 1").get(from)?.["id"];
  return id === undefined ? undefined : Number(id);
}

function condition(filter: LetterFilter): { readonly where: string; readonly values: readonly SQLInputValue[] } {
  const terms: readonly (readonly [string, SQLInputValue | undefined])[] = [
    ["owner = ?", filter.owner],
    ["signal = ?", filter.signal],
    ["reason = ?", filter.reason],
    ["buried_at >= ?", filter.since],
    ["buried_at < ?", filter.until],
  ];
  const given = terms.filter((term): term is readonly [string, SQLInputValue] => term[1] !== undefined);
  return { where: ["1", ...given.map(([sql]) => sql)].join(" AND "), values: given.map(([, value]) => value) };
}

function letterOf(row: Readonly<Record<string, SQLOutputValue>>): LetterRow {
  const metadata = row["metadata"];
  return {
    id: Number(row["id"]),
    owner: String(row["owner"]),
    signal: row["signal"] as Signal,
    reason: String(row["reason"]),
    message: String(row["message"]),
    attempts: Number(row["attempts"]),
    buriedAt: Number(row["buried_at"]),
    receivedAt: Number(row["received_at"]),
    transport: String(row["transport"]),
    items: Number(row["items"]),
    bytes: Number(row["bytes"]),
    replay: row["replay"] === 1,
    ...(typeof metadata === "string" ? { metadata: new Map(JSON.parse(metadata) as [string, string[]][]) } : {}),
  };
}
