import { positionOf, type Site } from "../yaml/source-text.ts";
import { type DiagnosticCode, severityOf } from "./diagnostic-codes.ts";
import { excerptOf } from "./excerpt.ts";

/** One mistake or remark, as data: what is wrong, where, and one fix. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** The file, `env:NAME`, `--config yaml:…` or `--set a.b=c`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Length of the wrong text on its first line; 0 where the mistake has no text. */
  readonly length: number;
  /** The line, the one before it, and carets under the wrong text; empty where there is no text to show. */
  readonly excerpt: string;
  /** Keys from the top, joined by `::` as the Collector does. */
  readonly path: string;
  readonly fix: string;
}

/** A mistake before its place was turned into line and column. */
export interface Finding {
  readonly code: DiagnosticCode;
  readonly site: Site;
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** Collects findings of a run. */
export type Report = (finding: Finding) => void;

/** Turns findings into diagnostics, in the order in which a reader meets them; the same mistake at the same place is said once. */
export function toDiagnostics(findings: readonly Finding[]): readonly Diagnostic[] {
  const sorted = [...findings].sort((a, b) => a.site.source.order - b.site.source.order || a.site.start - b.site.start);
  const seen = new Set<string>();
  const out: Diagnostic[] = [];
  for (const finding of sorted) {
    const key = `${finding.site.source.order} ${finding.site.start} ${finding.code} ${finding.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    out.push(toDiagnostic(finding));
  }
  return out;
}

function toDiagnostic({ code, site, path, message, fix }: Finding): Diagnostic {
  const { text, name } = site.source;
  const position = positionOf(text, site.start);
  const { line, column } = position;
  const lineEnd = text.indexOf("\n", site.start);
  const end = Math.min(site.end, lineEnd === -1 ? text.length : lineEnd);
  const length = Math.max(0, end - site.start);
  return {
    code,
    severity: severityOf(code),
    message,
    file: name,
    line,
    column,
    length,
    excerpt: excerptOf(text, position, Math.min(site.start, text.length) - column + 1, length),
    path,
    fix,
  };
}
