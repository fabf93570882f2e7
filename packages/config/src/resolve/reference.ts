/** A reference inside a text. */
export interface FoundReference {
  /** With its braces: `${env:X}`. */
  readonly text: string;
  readonly start: number;
}

/**
 * The first `${…}` that is to be expanded, innermost first, as the Collector finds it: an odd number of further `$` in front
 * of it makes it plain text.
 */
export function findReference(text: string): FoundReference | undefined {
  for (let close = text.indexOf("}"), from = 0; close !== -1; from = close + 1, close = text.indexOf("}", from)) {
    // Not past `from`: a text of nothing but closing braces would be gone through once for each of them.
    const open = from + text.slice(from, close).lastIndexOf("${");
    if (open < from) continue;
    if (!isEscaped(text, open)) return { text: text.slice(open, close + 1), start: open };
  }
  return undefined;
}

/** Whether what follows `text` stands inside of another reference, as in `${yaml:${…}e2}`. */
export function isInsideReference(text: string): boolean {
  const open = text.lastIndexOf("${");
  return open > text.lastIndexOf("}") && !isEscaped(text, open);
}

function isEscaped(text: string, open: number): boolean {
  let dollars = 0;
  while (text[open - dollars - 1] === "$") dollars++;
  return dollars % 2 === 1;
}

/** `$$` is how a plain `$` is written. */
export function unescapeDollars(text: string): string {
  return text.replaceAll("$$", () => "$");
}
