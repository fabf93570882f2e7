import { replaceControls } from "@tidemark/core";

/** A column of a table: its head, and on which side its cells are flush. */
export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** Lines of a table, as wide as their cells; trailing spaces are cut off. */
export function tableText(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const all = [columns.map(({ head }) => head), ...rows];
  const widths = columns.map((_, index) => all.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), 0));
  const cell = (text: string, index: number): string =>
    columns[index]?.align === "right" ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
  return all.map((row) => `${row.map(cell).join("  ").trimEnd()}\n`).join("");
}

/** Text from outside in one line that no terminal takes for a command, cut to `most` characters. */
export function plainLine(text: string, most = Number.POSITIVE_INFINITY): string {
  const line = replaceControls(text, () => " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

/** `1 letter`, `12 letters`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `340 B`, `12.3 kB`, `4.0 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}
