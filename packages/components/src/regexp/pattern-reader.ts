import { readClass } from "./class-reader.ts";
import { complementOf, EVERYTHING, PERL_CLASSES, type CharSet } from "./char-set.ts";
import { readEscape } from "./escape-reader.ts";
import { isPlain, leastWidth, type ChoiceNode, type PatternNode, type SequenceNode } from "./pattern-tree.ts";
import { setSource } from "./set-source.ts";

/** A pattern of the part of RE2 that JavaScript has with the same meaning. */
export interface PatternTree {
  readonly root: ChoiceNode;
  /** The names of the groups in their order; "" for one without a name. */
  readonly groupNames: readonly string[];
  readonly ignoreCase: boolean;
}

/** Longer patterns, and such that repeat more than this altogether, would make V8's code for them large. */
const MAX_SIZE = 1000;
const FLAGS = /^\(\?([is]+)\)/;
const GROUP = /\((?:\?P?<(\w+)>|(\?:)|(?!\?))/y;
const TIMES = /(?:[*+?]|\{(0|[1-9]\d{0,3})(?:(,)([1-9]\d{0,3})?)?\})(\??)/y;
/** What begins no character: repetitions, `)` and the class. */
const SPECIAL = /[*+?{)\\[(|^$.]/;
const NEWLINE: CharSet = [10, 10];

/** Reads a pattern; undefined when something in it is wrong, or is not in that part. Who needs to know which asks RE2. */
export function readPattern(pattern: string): PatternTree | undefined {
  if (pattern.length > MAX_SIZE) return undefined;
  const flags = FLAGS.exec(pattern);
  const reader = new Reader(pattern, flags?.[0].length ?? 0, flags?.[1] ?? "");
  const root = reader.whole();
  return root && { root, groupNames: reader.groupNames, ignoreCase: reader.ignoreCase };
}

class Reader {
  readonly groupNames: string[] = [];
  readonly ignoreCase: boolean;
  readonly #dotAll: boolean;
  readonly #pattern: string;
  #at: number;
  #size = 0;

  constructor(pattern: string, at: number, flags: string) {
    this.#pattern = pattern;
    this.#at = at;
    this.ignoreCase = flags.includes("i");
    this.#dotAll = flags.includes("s");
  }

  whole(): ChoiceNode | undefined {
    const root = this.#choice(false);
    return this.#at === this.#pattern.length ? root : undefined;
  }

  #choice(capturing: boolean): ChoiceNode | undefined {
    const branches: SequenceNode[] = [];
    do {
      const branch = this.#sequence();
      if (branch === undefined) return undefined;
      branches.push(branch);
    } while (this.#take("|"));
    return { kind: "choice", branches, capturing };
  }

  #sequence(): SequenceNode | undefined {
    const parts: PatternNode[] = [];
    while (this.#at < this.#pattern.length && !"|)".includes(this.#next())) {
      const part = this.#part();
      const repeated = part && this.#repeated(part);
      if (repeated === undefined) return undefined;
      parts.push(repeated);
    }
    return { kind: "sequence", parts };
  }

  #part(): PatternNode | undefined {
    const char = this.#next();
    switch (char) {
      case "(":
        return this.#group();
      case "[": {
        const read = readClass(this.#pattern, this.#at);
        if (read === undefined) return undefined;
        this.#at = read.end;
        return this.#char(read.set, read.negated);
      }
      case "\\":
        return this.#escape();
      case "^":
      case "$":
        this.#at++;
        return { kind: "place", at: char === "^" ? "start" : "end", source: char };
      case ".":
        this.#at++;
        return this.#char(this.#dotAll ? [] : NEWLINE, true);
      default:
        if (SPECIAL.test(char)) return undefined;
        this.#at += char.length;
        return this.#literal(char.codePointAt(0) ?? 0);
    }
  }

  #group(): PatternNode | undefined {
    const opening = this.#match(GROUP);
    if (opening === undefined) return undefined;
    const capturing = opening[2] === undefined;
    const name = opening[1] ?? "";
    if (name !== "" && this.groupNames.includes(name)) return undefined;
    if (capturing) this.groupNames.push(name);
    const body = this.#choice(capturing);
    return this.#take(")") ? body : undefined;
  }

  #escape(): PatternNode | undefined {
    const char = this.#pattern.charAt(this.#at + 1);
    const perl = PERL_CLASSES[char.toLowerCase()];
    if (perl !== undefined) {
      this.#at += 2;
      return this.#char(perl, char !== char.toLowerCase());
    }
    if (char === "A" || char === "z") {
      this.#at += 2;
      return { kind: "place", at: char === "A" ? "start" : "end", source: char === "A" ? "^" : "$" };
    }
    // With its flag i JavaScript takes two more letters for parts of words; \B it finds inside of pairs, too.
    if (char === "b" && !this.ignoreCase) {
      this.#at += 2;
      return { kind: "place", at: "elsewhere", source: "\\b" };
    }
    const read = readEscape(this.#pattern, this.#at);
    if (read === undefined) return undefined;
    this.#at = read.end;
    return this.#literal(read.code);
  }

  #repeated(part: PatternNode): PatternNode | undefined {
    const times = this.#match(TIMES);
    if (times === undefined) return part;
    const { min, max, lazy } = readTimes(times);
    if (max < min || max === 0 || part.kind === "place" || part.kind === "repeat") return undefined;
    this.#size += Math.max(min, max === Infinity ? 0 : max) * (part.kind === "char" ? 1 : leastWidth(part));
    if (this.#size > MAX_SIZE || leastWidth(part) === 0 || !(max === 1 || isPlain(part))) return undefined;
    // Two in a row are no pattern.
    TIMES.lastIndex = this.#at;
    return TIMES.test(this.#pattern) ? undefined : { kind: "repeat", body: part, min, max, lazy };
  }

  #literal(code: number): PatternNode {
    return this.#char([code, code], false);
  }

  #char(set: CharSet, negated: boolean): PatternNode {
    // Which other letters a letter stands for is left to the engine.
    const known = this.ignoreCase ? EVERYTHING : negated ? complementOf(set) : set;
    return { kind: "char", set: known, source: setSource(set, negated) };
  }

  /** The character that comes next, with both halves of its pair. */
  #next(): string {
    return String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0);
  }

  #take(char: string): boolean {
    const there = this.#pattern.startsWith(char, this.#at);
    if (there) this.#at += char.length;
    return there;
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#pattern) ?? undefined;
    if (found) this.#at = expression.lastIndex;
    return found;
  }
}

/** What `*`, `+`, `?`, `{2}`, `{2,}` and `{2,3}` say. */
function readTimes([text, least, comma, most, lazy]: RegExpExecArray): {
  readonly min: number;
  readonly max: number;
  readonly lazy: boolean;
} {
  const isLazy = lazy === "?";
  if (least === undefined) return { min: text.startsWith("+") ? 1 : 0, max: text.startsWith("?") ? 1 : Infinity, lazy: isLazy };
  const min = Number(least);
  if (most !== undefined) return { min, max: Number(most), lazy: isLazy };
  return { min, max: comma === undefined ? min : Infinity, lazy: isLazy };
}
