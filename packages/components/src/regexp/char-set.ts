/** Code points, as pairs of the first and the last of each range, in order and apart. */
export type CharSet = readonly number[];

const LAST = 0x10ffff;

export const EVERYTHING: CharSet = [0, LAST];
export const NOTHING: CharSet = [];

const ranges = (text: string): CharSet => Array.from(text, (char) => char.charCodeAt(0));
const PUNCTUATION = ranges("!/:@[`{~");
const LETTERS = ranges("AZaz");
const DIGITS = ranges("09");
const WORD = ranges("09AZ__az");

/** `\d`, `\s` and `\w` of RE2, which are ASCII; `\v` is no space. */
export const PERL_CLASSES: Readonly<Record<string, CharSet>> = { d: DIGITS, s: ranges("\t\n\f\r  "), w: WORD };

/** Classes such as `[:alpha:]`, which are ASCII. */
export const POSIX_CLASSES: ReadonlyMap<string, CharSet> = new Map<string, CharSet>(
  Object.entries({
    alnum: unionOf([DIGITS, LETTERS]),
    alpha: LETTERS,
    ascii: [0, 0x7f],
    blank: ranges("\t\t  "),
    cntrl: [0, 0x1f, 0x7f, 0x7f],
    digit: DIGITS,
    graph: ranges("!~"),
    lower: ranges("az"),
    print: ranges(" ~"),
    punct: PUNCTUATION,
    space: ranges("\t\r  "),
    upper: ranges("AZ"),
    word: WORD,
    xdigit: ranges("09AFaf"),
  }),
);

export function unionOf(sets: readonly CharSet[]): CharSet {
  const pairs: (readonly [number, number])[] = [];
  for (const set of sets) for (let i = 0; i < set.length; i += 2) pairs.push([set[i] ?? 0, set[i + 1] ?? 0]);
  pairs.sort(([a], [b]) => a - b);
  const union: number[] = [];
  for (const [first, last] of pairs) {
    const end = union.length - 1;
    const before = union[end];
    if (before !== undefined && first <= before + 1) union[end] = Math.max(before, last);
    else union.push(first, last);
  }
  return union;
}

export function complementOf(set: CharSet): CharSet {
  const complement: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    const first = set[i] ?? 0;
    if (first > next) complement.push(next, first - 1);
    next = (set[i + 1] ?? 0) + 1;
  }
  if (next <= LAST) complement.push(next, LAST);
  return complement;
}

export function overlap(a: CharSet, b: CharSet): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if ((a[i + 1] ?? 0) < (b[j] ?? 0)) i += 2;
    else if ((b[j + 1] ?? 0) < (a[i] ?? 0)) j += 2;
    else return true;
  }
  return false;
}
