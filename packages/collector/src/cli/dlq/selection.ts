import type { DeadLetter, DeadLetters, LetterFilter } from "@tidemark/components/dead-letters";
import { parseDuration } from "@tidemark/core";
import type { OptionSpec, ParsedArguments } from "../arguments.ts";
import { UsageError } from "../io.ts";

/** Options that choose among dead letters. */
export const FILTER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  owner: { value: "NODE", description: "Only those of one exporter, such as exporter/otlp_http." },
  signal: { value: "SIGNAL", choices: ["traces", "metrics", "logs"], description: "Only those of one signal." },
  reason: { value: "REASON", description: "Only those put aside for one reason, such as rejected or retries_exhausted." },
  since: { value: "TIME", description: "Only those put aside at or after a time: 2026-08-21T09:00:00Z, or 2h for two hours ago." },
  until: { value: "TIME", description: "Only those put aside before a time." },
  contains: { value: "TEXT", description: "Only those whose data has the text in it: a trace's name, a room, a user agent." },
  limit: { value: "N", description: "At most the N oldest (ls: 100 unless told; 0 is all)." },
};

/** Which dead letters are meant. */
export interface Selection {
  /** Empty: all that match. */
  readonly ids: readonly string[];
  readonly filter: LetterFilter;
  readonly contains: string | undefined;
  readonly limit: number;
  /** Whether the user has chosen at all. */
  readonly isNarrowed: boolean;
}

/**
 * Reads the filters. `now` is in milliseconds since the Unix epoch.
 * @throws UsageError for a time or a number that is none.
 */
export function selectionOf(args: ParsedArguments, ids: readonly string[], now: number, standardLimit: number): Selection {
  const given = Object.keys(FILTER_OPTIONS).filter((name) => args.has(name));
  if (ids.length > 0 && given.length > 0) throw new UsageError(`give ids or filters, not both: --${given[0]} and ${ids[0]}`);
  const since = timeOf(args, "since", now);
  const until = timeOf(args, "until", now);
  const signal = args.value("signal") as LetterFilter["signal"];
  const owner = args.value("owner");
  const reason = args.value("reason");
  const filter: LetterFilter = {
    ...(owner === undefined ? {} : { owner }),
    ...(signal === undefined ? {} : { signal }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
  const limit = ids.length > 0 ? 0 : limitOf(args, standardLimit);
  return { ids, filter, contains: args.value("contains"), limit, isNarrowed: ids.length > 0 || given.length > 0 };
}

/** The letters that are meant, oldest first, or in the order of their ids as given. Ids that there are not are left out. */
export function* lettersIn(letters: DeadLetters, { ids, filter, contains, limit }: Selection): Generator<DeadLetter, void, undefined> {
  if (ids.length > 0) return yield* lettersOf(letters, ids);
  let count = 0;
  for (const letter of letters.listDeadLetters(filter)) {
    if (contains !== undefined && !hasText(letters, letter.id, contains)) continue;
    yield letter;
    count += 1;
    if (count === limit) return;
  }
}

function* lettersOf(letters: DeadLetters, ids: readonly string[]): Generator<DeadLetter, void, undefined> {
  for (const id of new Set(ids)) {
    const found = letters.readDeadLetter(id);
    if (found === undefined) continue;
    const { body: _body, whole: _whole, ...letter } = found;
    yield letter;
  }
}

function hasText(letters: DeadLetters, id: string, text: string): boolean {
  const body = letters.readDeadLetter(id)?.body;
  return body !== undefined && Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(text);
}

function limitOf(args: ParsedArguments, standard: number): number {
  const text = args.value("limit");
  if (text === undefined) return standard;
  if (!/^\d+$/.test(text)) throw new UsageError(`"${text}" is not a number; write --limit 100`);
  return Number(text);
}

function timeOf(args: ParsedArguments, option: "since" | "until", now: number): number | undefined {
  const text = args.value(option);
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  const time = ago !== undefined ? now - ago : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new UsageError(`"${text}" is not a time; write --${option} 2026-08-21T09:00:00Z, or --${option} 2h`);
  return time;
}
