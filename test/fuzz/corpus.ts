import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Tapes of this length and longer are worth their place in a run, not in the repository. */
const LONGEST_KEPT = 160;
const MOST_KEPT = 150;

const fileOf = (target: string): URL => new URL(`corpus/${target}.txt`, import.meta.url);

/** The inputs that are kept for a target: one tape in a line, in hexadecimal. */
export function loadCorpus(target: string): Uint8Array[] {
  const file = fileOf(target);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => new Uint8Array(Buffer.from(line, "hex")));
}

/** Writes the shortest tapes of the kinds that were found. */
export function saveCorpus(target: string, tapes: Iterable<Uint8Array>): number {
  const short = [...tapes].filter((tape) => tape.length <= LONGEST_KEPT).toSorted((a, b) => a.length - b.length);
  const lines = [...new Set(short.map((tape) => Buffer.from(tape).toString("hex")))].slice(0, MOST_KEPT);
  writeFileSync(fileOf(target), `${lines.join("\n")}\n`);
  return lines.length;
}
