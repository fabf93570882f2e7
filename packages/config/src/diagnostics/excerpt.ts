const MAX_WIDTH = 120;

/** The line of a mistake with the one before it as context, and carets under the wrong text. */
export function excerptOf(text: string, line: number, column: number, length: number): string {
  if (text.trim() === "") return "";
  const lines = text.split("\n");
  const width = String(line).length;
  const out: string[] = [];
  const before = lines[line - 2];
  if (before !== undefined && before.trim() !== "") out.push(row(String(line - 1), width, printable(before).slice(0, MAX_WIDTH)));
  const current = printable(lines[line - 1] ?? "");
  const from = column > MAX_WIDTH - 20 ? column - 40 : 0;
  const lead = from > 0 ? "…" : "";
  out.push(row(String(line), width, lead + current.slice(from, from + MAX_WIDTH)));
  const carets = Math.max(1, Math.min(length, MAX_WIDTH - (column - 1 - from)));
  out.push(row("", width, " ".repeat(lead.length + column - 1 - from) + "^".repeat(carets)));
  return out.join("\n");
}

function row(number: string, width: number, text: string): string {
  return `${number.padStart(width)} | ${text}`.trimEnd();
}

/** One column for each unit, and nothing that moves a terminal's cursor. */
export function printable(line: string): string {
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
}
