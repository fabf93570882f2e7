import { PERL_CLASSES, POSIX_CLASSES, unionOf, type CharSet } from "./char-set.ts";
import { readEscape } from "./escape-reader.ts";

const POSIX = /\[:(\w+):\]/y;

/**
 * Reads a class such as `[^a-z\d[:punct:]]` that begins at `at`; undefined when it is wrong, or has something that is seldom.
 * `set` is what is written, before `^` turns it round.
 */
export function readClass(
  pattern: string,
  at: number,
): { readonly set: CharSet; readonly negated: boolean; readonly end: number } | undefined {
  let next = at + 1;
  const negated = pattern.charAt(next) === "^";
  if (negated) next++;
  const sets: CharSet[] = [];
  while (sets.length === 0 || pattern.charAt(next) !== "]") {
    const read = readMember(pattern, next, sets.length === 0);
    if (read === undefined) return undefined;
    sets.push(read.set);
    next = read.end;
  }
  return { set: unionOf(sets), negated, end: next + 1 };
}

interface Member {
  readonly set: CharSet;
  readonly end: number;
}

function readMember(pattern: string, at: number, isFirst: boolean): Member | undefined {
  const escaped = pattern.charAt(at) === "\\" ? pattern.charAt(at + 1) : "";
  const perl = PERL_CLASSES[escaped];
  if (perl !== undefined) return { set: perl, end: at + 2 };
  if (pattern.startsWith("[:", at)) return readPosix(pattern, at);
  const low = readChar(pattern, at);
  // A hyphen in the middle is one to some and a mistake to others.
  if (low === undefined || (pattern.charAt(at) === "-" && !isFirst && pattern.charAt(at + 1) !== "]")) return undefined;
  if (pattern.charAt(low.end) !== "-" || pattern.charAt(low.end + 1) === "]") return { set: [low.code, low.code], end: low.end };
  const high = readChar(pattern, low.end + 1);
  return high && high.code >= low.code ? { set: [low.code, high.code], end: high.end } : undefined;
}

function readPosix(pattern: string, at: number): Member | undefined {
  POSIX.lastIndex = at;
  const set = POSIX_CLASSES.get(POSIX.exec(pattern)?.[1] ?? "");
  return set && { set, end: POSIX.lastIndex };
}

function readChar(pattern: string, at: number): { readonly code: number; readonly end: number } | undefined {
  if (pattern.charAt(at) === "\\") return readEscape(pattern, at);
  const code = pattern.codePointAt(at);
  return code === undefined ? undefined : { code, end: at + (code > 0xffff ? 2 : 1) };
}
