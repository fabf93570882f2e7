import { replaceControls } from "@tidemark/core";
import type { Position } from "../yaml/source-text.ts";

const MAX_WIDTH = 120;

/** The line of a mistake, which begins at `start` of the text, with the one before it as context, and carets under the wrong text. */
export function excerptOf(text: string, { line, column }: Position, start: number, length: number): string {
  if (text.trim() === "") return "";
  const width = String(line).length;
  const out: string[] = [];
  const before = line > 1 ? lineAt(text, text.lastIndexOf("\n", start - 2) + 1) : "";
  if (before.trim() !== "") out.push(row(String(line - 1), width, printable(before).slice(0, MAX_WIDTH)));
  const current = printable(lineAt(text, start));
  const from = column > MAX_WIDTH - 20 ? column - 40 : 0;
  const lead = from > 0 ? "…" : "";
  out.push(row(String(line), width, lead + current.slice(from, from + MAX_WIDTH)));
  const carets = Math.max(1, Math.min(length, MAX_WIDTH - (column - 1 - from)));
  out.push(row("", width, " ".repeat(lead.length + column - 1 - from) + "^".repeat(carets)));
  return out.join("\n");
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  return text.slice(start, end === -1 ? text.length : end);
}

function row(number: string, width: number, text: string): string {
  return `${number.padStart(width)} | ${text}`.trimEnd();
}

/** One column for each unit, and nothing that moves a terminal's cursor. */
export function printable(line: string): string {
  return replaceControls(line, (controls) => " ".repeat(controls.length));
}
