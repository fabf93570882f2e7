import type { DeadLetter, DeadLetterWithBody } from "@tidemark/components/dead-letters";
import { escapeControls } from "@tidemark/core";
import { openBatch } from "@tidemark/otlp";
import { bytesText, countText, plainLine, tableText } from "../table.ts";

const LONGEST_MESSAGE = 60;
/** Where it was to go is known by the owner; what went wrong must fit into the row. */
const DESTINATION = /(error exporting items, )?request to \S+ (responded with|failed:) /;

/** A row for each letter. */
export function listText(letters: readonly DeadLetter[]): string {
  const columns = [
    { head: "ID" },
    { head: "PUT ASIDE" },
    { head: "OWNER" },
    { head: "SIGNAL" },
    { head: "ITEMS", align: "right" as const },
    { head: "SIZE", align: "right" as const },
    { head: "TRIES", align: "right" as const },
    { head: "REASON" },
    { head: "MESSAGE" },
  ];
  const rows = letters.map((letter) => [
    letter.id,
    timeText(letter.buriedAt),
    plainLine(letter.owner),
    plainLine(letter.signal),
    String(letter.items),
    bytesText(letter.bytes),
    String(letter.attempts),
    plainLine(letter.replay ? `${letter.reason} (replaying)` : letter.reason),
    plainLine(letter.message.replace(DESTINATION, ""), LONGEST_MESSAGE),
  ]);
  return tableText(columns, rows);
}

/** `2 dead letters: 20 items, 1.4 kB`. */
export function sumText({ letters, items, bytes }: { readonly letters: number; readonly items: number; readonly bytes: number }): string {
  return `${countText(letters, "dead letter")}: ${countText(items, "item")}, ${bytesText(bytes)}`;
}

/** That no letter is meant, and which ones there are instead. */
export function noneText(all: Iterable<DeadLetter>): string {
  const owners = new Map<string, number>();
  const reasons = new Map<string, number>();
  let count = 0;
  for (const { owner, reason } of all) {
    count += 1;
    owners.set(owner, (owners.get(owner) ?? 0) + 1);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  if (count === 0) return "There are no dead letters.";
  const sums = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, each]) => `${plainLine(name)} (${each})`).join(", ");
  return `No dead letter matches. ${countText(count, "other")}: owner ${sums(owners)}; reason ${sums(reasons)}`;
}

/** Everything about one letter, its data as OTLP/JSON. */
export function letterText(letter: DeadLetterWithBody): string {
  const facts: readonly (readonly [string, string])[] = [
    ["owner", letter.owner],
    ["signal", letter.signal],
    ["reason", letter.reason],
    ["message", letter.message],
    ["tries", String(letter.attempts)],
    ["received", `${timeText(letter.receivedAt)} over ${letter.transport}`],
    ["put aside", timeText(letter.buriedAt)],
    ["size", `${countText(letter.items, "item")}, ${bytesText(letter.bytes)}`],
    ...(letter.replay ? ([["replay", "asked for; its queue has not taken it yet"]] as const) : []),
    ...[...(letter.metadata ?? [])].map(([name, values]) => [plainLine(`header ${name}`), values.join(", ")] as const),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `  ${name.padEnd(width)}  ${plainLine(value)}`.trimEnd());
  const data = dataOf(letter);
  return [`dead letter ${letter.id}`, ...lines, "", data === undefined ? DAMAGED : jsonText(data), ""].join("\n");
}

/** A letter for programs. */
export function letterJson(letter: DeadLetter): Readonly<Record<string, unknown>> {
  const { buriedAt, receivedAt, metadata, replay, ...rest } = letter;
  return {
    ...rest,
    put_aside_at: isoTime(buriedAt),
    received_at: isoTime(receivedAt),
    ...(metadata === undefined ? {} : { metadata: Object.fromEntries(metadata) }),
    replaying: replay,
  };
}

/** The same with its data: OTLP/JSON, or null when that is damaged. */
export function letterWithDataJson({ body, whole, ...letter }: DeadLetterWithBody): Readonly<Record<string, unknown>> {
  return { ...letterJson(letter), data: dataOf({ ...letter, body, whole }) ?? null };
}

const DAMAGED = "(The data is damaged and cannot be shown.)";

function dataOf({ signal, body, whole }: DeadLetterWithBody): unknown {
  if (!whole) return undefined;
  try {
    return JSON.parse(openBatch(signal, body).toJson());
  } catch {
    return undefined;
  }
}

/** Indented JSON, in which nothing commands a terminal: JSON itself leaves the control characters beyond ASCII as they are, which some terminals act on. */
export function jsonText(data: unknown): string {
  return escapeControls(JSON.stringify(data, undefined, 2), "\n");
}

function timeText(ms: number): string {
  return isoTime(ms)?.replace(/\.\d+Z$/, "Z") ?? "-";
}

/** Null for a number in a file that is no time. */
function isoTime(ms: number): string | null {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
