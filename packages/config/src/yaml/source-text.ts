/** A text that configuration was read from: a file, an environment variable, or a command-line value. */
export interface SourceText {
  /** What a user calls it: the path, `env:NAME`, `--config yaml:…` or `--set a.b=c`. */
  readonly name: string;
  readonly text: string;
  /** Place in the order of reading; diagnostics are sorted by it. */
  readonly order: number;
}

/** A range of a source text, in UTF-16 units. */
export interface Site {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** Line and column of an offset, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds line and column of an offset; offsets past the end give the end. */
export function positionOf(text: string, offset: number): Position {
  const end = Math.max(0, Math.min(offset, text.length));
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: end - lineStart + 1 };
}

/** The beginning of a source: where a mistake stands that has no place of its own. */
export function startOf(source: SourceText): Site {
  return { source, start: 0, end: 0 };
}
