/** Escapes of Go's RE2 that JavaScript writes in another way. */
const ESCAPES: Readonly<Record<string, string>> = { "\\A": "^", "\\z": "$" };
const FLAGS = /^\(\?([imsU]+)\)/;

/**
 * A regular expression in Go's syntax (RE2), as the Collector's files have it: `(?P<name>…)`, `(?i)` at the start, `\A`, `\z`, `\pL`. It matches
 * anywhere in a text, as there.
 * @throws SyntaxError
 */
export function goRegExp(pattern: string): RegExp {
  const flags = FLAGS.exec(pattern)?.[1] ?? "";
  if (flags.includes("U"))
    throw new SyntaxError(`the flag U of ${pattern} is not there; write *? and +? where the shortest match is meant`);
  const source = pattern
    .replace(FLAGS, "")
    .replaceAll(/\\[pP][A-Z]|\\[\s\S]/g, (escape) =>
      escape.length === 3 ? `${escape.slice(0, 2)}{${escape.slice(2)}}` : (ESCAPES[escape] ?? escape),
    )
    .replaceAll("(?P<", "(?<");
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    // Some escapes that RE2 takes are none with the flag u.
    return new RegExp(source, flags);
  }
}

/** The names of the groups of a pattern in their order; "" for one without a name. */
export function groupNames(pattern: string): readonly string[] {
  const bare = pattern.replaceAll(/\\[\s\S]/g, "").replaceAll(/\[(?:[^\]]*)\]/g, "");
  return [...bare.matchAll(/\((?!\?[^P<])(?:\?P?<(\w+)>)?/g)].map((match) => match[1] ?? "");
}
