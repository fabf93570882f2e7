import { messageOf } from "@tidemark/core";
import { RE2JS } from "re2js";
import { readPattern } from "./pattern-reader.ts";
import { sourceOf } from "./pattern-tree.ts";
import { safeLength } from "./worst-case.ts";

/**
 * A regular expression in Go's syntax (RE2, https://github.com/google/re2/wiki/Syntax), as the Collector's files have it, that matches anywhere in a text.
 *
 * The time is in proportion to the length of the text, whatever the pattern, as in Go. RE2 alone would keep that, but needs about a microsecond where V8
 * needs 30 ns; so V8, which goes back and tries again, has the texts on which it cannot take long. Both find the same match and groups.
 */
export class GoRegExp {
  /** The names of the groups in their order; "" for one without a name. */
  readonly groupNames: readonly string[];
  readonly #pattern: string;
  readonly #quick: RegExp | undefined;
  /** Longer texts, in UTF-16 units, are for RE2. */
  readonly #quickLength: number;
  /** Made when the first text needs it. */
  #thorough: RE2JS | undefined;

  /** @throws SyntaxError in words for users, with a fix. */
  constructor(pattern: string) {
    this.#pattern = pattern;
    const tree = readPattern(pattern);
    const length = tree ? safeLength(tree.root) : 0;
    if (tree && length > 0) {
      this.groupNames = tree.groupNames;
      const body = tree.root.branches.map(({ parts }) => parts.map(sourceOf).join("")).join("|");
      // Not the flag u: with it V8 of Node 26 takes characters beyond U+FFFF for one unit where a class is before the end ([^a]$ on 😀).
      this.#quick = new RegExp(body, tree.ignoreCase ? "iv" : "v");
      this.#quickLength = length;
    } else {
      this.#quickLength = -1;
      this.#thorough = compiled(pattern);
      this.groupNames = namesOf(this.#thorough);
    }
  }

  /** Whether there is a match in the text. */
  test(text: string): boolean {
    return this.#quick !== undefined && text.length <= this.#quickLength ? this.#quick.test(text) : this.#re2().test(text);
  }

  /** The first match and its groups in their order; undefined without a match, or for a group that took no part in it. */
  exec(text: string): readonly (string | undefined)[] | undefined {
    if (this.#quick !== undefined && text.length <= this.#quickLength) return this.#quick.exec(text) ?? undefined;
    const re2 = this.#re2();
    // Whether there is a match is known much sooner than where its groups are.
    return re2.test(text) ? ((re2.exec(text) as (string | undefined)[] | null) ?? undefined) : undefined;
  }

  #re2(): RE2JS {
    return (this.#thorough ??= compiled(this.#pattern));
  }
}

/** Why a text is no regular expression in Go's syntax, with a fix; undefined when it is one. */
export function goRegExpFault(pattern: string): string | undefined {
  try {
    compiled(pattern);
    return undefined;
  } catch (caught) {
    return messageOf(caught);
  }
}

function namesOf(re2: RE2JS): readonly string[] {
  const names = Array.from({ length: re2.groupCount() }, () => "");
  for (const [name, index] of Object.entries(re2.namedGroups())) names[index - 1] = name;
  return names;
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (caught) {
    const fault = messageOf(caught).replace(/^error parsing regexp: /, "");
    throw new SyntaxError(`${fault}${placeOf(caught, pattern)}; ${fixOf(fault)}`, { cause: caught });
  }
}

/** Where in a pattern a fault is, counted from 1, when the text at fault is in it once. */
function placeOf(caught: unknown, pattern: string): string {
  const text = caught instanceof Error && "input" in caught && typeof caught.input === "string" ? caught.input : "";
  const at = text === "" ? -1 : pattern.indexOf(text);
  return at > 0 && pattern.indexOf(text, at + 1) === -1 ? ` at character ${at + 1}` : "";
}

function fixOf(fault: string): string {
  if (/`\(\?<?[=!]/.test(fault))
    return "look-around is not part of Go's regular expressions; take it out, or leave items out by a second pattern";
  if (/`\\[1-9]`/.test(fault)) return "back-references are not part of Go's regular expressions; write the text again";
  if (/`\\Z`/.test(fault)) return "write \\z";
  if (/`\(\?[a-zA-Z]*x/.test(fault))
    return "the flag x is not part of Go's regular expressions; write the pattern without blanks and comments";
  if (/`\\u`/.test(fault)) return "write \\x{…}";
  if (fault.startsWith("missing closing )")) return "close the group, or write \\( for the character";
  if (fault.startsWith("unexpected )")) return "open the group, or write \\) for the character";
  if (fault.startsWith("missing closing ]")) return "close the class, or write \\[ for the character";
  if (fault.startsWith("duplicate")) return "give each group a name of its own";
  return "correct the regular expression";
}
