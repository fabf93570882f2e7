import type { Diagnostic } from "./diagnostic.ts";
import { printable } from "./excerpt.ts";

const RED = "\u001b[31m";
const YELLOW = "\u001b[33m";
const BOLD = "\u001b[1m";
const DIM = "\u001b[2m";
const RESET = "\u001b[0m";

/** Diagnostics as text for people: a line that terminals and editors can click, the excerpt, and the fix. */
export function renderDiagnostics(list: readonly Diagnostic[], options: { color: boolean }): string {
  const paint = (style: string, text: string): string => (options.color && text !== "" ? `${style}${text}${RESET}` : text);
  return list.map((diagnostic) => renderOne(diagnostic, paint)).join("\n");
}

function renderOne(diagnostic: Diagnostic, paint: (style: string, text: string) => string): string {
  const { line, column, code, severity, excerpt } = diagnostic;
  const [file, message, fix] = [diagnostic.file, diagnostic.message, diagnostic.fix].map(printable);
  const label = severity === "warning" ? paint(YELLOW, `${code} (warning)`) : paint(RED, code);
  const lines = [`${paint(BOLD, `${file}:${line}:${column}`)}  ${label}  ${message}`];
  if (excerpt !== "") lines.push(...excerpt.split("\n").map((text) => `  ${/^ *\|/.test(text) ? paint(RED, text) : paint(DIM, text)}`));
  lines.push(`  fix: ${fix}`, "");
  return lines.join("\n");
}
