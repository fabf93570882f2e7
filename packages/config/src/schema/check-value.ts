import { messageOf } from "@tidemark/core";
import type { core, z } from "zod";
import type { Report } from "../diagnostics/diagnostic.ts";
import { nearest, suggestion } from "../diagnostics/suggest.ts";
import { type ConfigNode, joinPath, typeWord } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";
import { warnOfNoEffect } from "./no-effect.ts";
import { type Found, nodeAt, valueSite } from "./node-at.ts";
import { shapeValue } from "./shape-value.ts";
import { exampleOf, expectedWord, fixFor, metaOf } from "./wording.ts";
import { fieldNames, schemaAt } from "./zod-def.ts";

/** A body to be checked: where it stands and what it is called. */
export interface Body {
  readonly schema: z.ZodType;
  readonly node: ConfigNode;
  readonly keySite: Site;
  /** `receivers::otlp`. */
  readonly path: string;
}

/** Checks a body against its schema; gives the parsed value (defaults filled in), or reports every mistake at its place. */
export function checkValue(body: Body, report: Report): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  const before = hasBroken(body.node);
  warnOfNoEffect(body.schema, body.node, body.path, report);
  let result: z.ZodSafeParseResult<unknown>;
  try {
    result = body.schema.safeParse(shapeValue(body.schema, body.node));
  } catch (caught) {
    const message = `${body.path}: ${messageOf(caught)}`;
    report({
      code: "CFG_INVALID_VALUE",
      site: body.keySite,
      path: body.path,
      message,
      fix: "compare the section with the component's README",
    });
    return { ok: false };
  }
  if (result.success) return before ? { ok: false } : { ok: true, value: result.data };
  const meant = mistypedFields(body, result.error.issues);
  for (const issue of result.error.issues) {
    if (!meant.has(fullPath(body, issue.path))) reportIssue(body, issue, issue.path, report);
  }
  return { ok: false };
}

/** Fields whose name was mistyped: that they are missing is the same mistake, and the unknown name says it better. */
function mistypedFields(body: Body, issues: readonly core.$ZodIssue[]): ReadonlySet<string> {
  const meant = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const free = freeFields(body, issue.path);
    for (const key of issue.keys) {
      const near = nearest(key, free);
      if (near !== undefined) meant.add(fullPath(body, [...issue.path, near]));
    }
  }
  return meant;
}

/** The fields of a mapping that are not written. */
function freeFields(body: Body, path: readonly PropertyKey[]): readonly string[] {
  const { node } = nodeAt(body.node, body.keySite, path);
  return fieldNames(schemaAt(body.schema, path)).filter((name) => node?.kind !== "map" || !node.entries.has(name));
}

function hasBroken(node: ConfigNode): boolean {
  if (node.kind === "map") return [...node.entries.values()].some((entry) => hasBroken(entry.value));
  return node.kind === "list" ? node.items.some(hasBroken) : node.kind === "broken";
}

function reportIssue(body: Body, issue: core.$ZodIssue, path: readonly PropertyKey[], report: Report): void {
  const found = nodeAt(body.node, body.keySite, path);
  if (found.broken) return;
  switch (issue.code) {
    case "unrecognized_keys":
      for (const key of issue.keys) reportUnknownField(body, path, key, report);
      return;
    case "invalid_union":
      return reportUnion(body, issue, path, report);
    case "invalid_key":
    case "invalid_element":
      for (const inner of issue.issues)
        reportIssue(body, inner, [...path, ...(issue.code === "invalid_element" ? [issue.key as PropertyKey] : []), ...inner.path], report);
      return;
    case "invalid_type":
      return found.node === undefined || isAbsent(found) ? reportMissing(body, path, found, report) : reportType(body, path, found, report);
    default:
      return isAbsent(found) && issue.code !== "custom"
        ? reportMissing(body, path, found, report)
        : reportValue(body, issue, path, found, report);
  }
}

function isAbsent(found: Found): boolean {
  return found.node === undefined || (found.node.kind === "scalar" && found.node.value === null && found.node.text === undefined);
}

function fullPath(body: Body, path: readonly PropertyKey[]): string {
  return path.reduce<string>((joined, key) => joinPath(joined, String(key)), body.path);
}

function reportUnknownField(body: Body, path: readonly PropertyKey[], key: string, report: Report): void {
  const site = nodeAt(body.node, body.keySite, [...path, key]).keySite;
  const message = `${fullPath(body, path)} has no field "${key}"`;
  const schema = schemaAt(body.schema, path);
  const { notHere } = metaOf(schema);
  const known = Object.hasOwn(notHere, key) ? notHere[key] : undefined;
  const fix = typeof known === "string" ? known : suggestion(key, fieldNames(schema), "Fields", freeFields(body, path));
  report({ code: "CFG_UNKNOWN_FIELD", site, path: fullPath(body, [...path, key]), message, fix });
}

function reportMissing(body: Body, path: readonly PropertyKey[], found: Found, report: Report): void {
  const name = String(path.at(-1) ?? "");
  const example = exampleOf(schemaAt(body.schema, path));
  const parent = fullPath(body, path.slice(0, -1));
  const message = path.length === 0 ? `${body.path} needs a configuration` : `${parent} needs the field "${name}"`;
  report({ code: "CFG_MISSING_FIELD", site: found.keySite, path: fullPath(body, path), message, fix: `add ${name}: ${example}` });
}

function reportType(body: Body, path: readonly PropertyKey[], found: Found, report: Report): void {
  const schema = schemaAt(body.schema, path);
  const expected = expectedWord(schema);
  const got = found.node === undefined ? "null" : typeWord(found.node);
  const at = fullPath(body, path);
  const message = `${at}: expected type '${expected}', got unconvertible type '${got}'`;
  report({ code: "CFG_WRONG_TYPE", site: valueSite(found), path: at, message, fix: fixFor(schema, expected, found.node) });
}

function reportValue(body: Body, issue: core.$ZodIssue, path: readonly PropertyKey[], found: Found, report: Report): void {
  const at = fullPath(body, path);
  const schema = schemaAt(body.schema, path);
  const base = { code: "CFG_INVALID_VALUE" as const, site: valueSite(found), path: at };
  if (issue.code === "invalid_value") {
    const values = issue.values.map((value) => (value === "" ? '""' : String(value)));
    const written = found.node?.kind === "scalar" ? String(found.node.text ?? found.node.value) : "";
    report({ ...base, message: `${at}: "${written}" is not one of the allowed values`, fix: suggestion(written, values, "Values") });
    return;
  }
  const text = limitText(issue) ?? issue.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  const [what = text, ...rest] = issue.code === "custom" || issue.code === "invalid_format" ? text.split("; ") : [text];
  const example = exampleOf(schema);
  report({
    ...base,
    message: `${at}: ${what}`,
    fix:
      rest.length > 0
        ? rest.join("; ")
        : example === "…"
          ? "change the value as the message says"
          : `write for example ${String(path.at(-1) ?? "")}: ${example}`,
  });
}

/** What a limit asks for, in words. */
function limitText(issue: core.$ZodIssue): string | undefined {
  if (issue.code === "not_multiple_of") return `must be a multiple of ${issue.divisor}`;
  if (issue.code !== "too_small" && issue.code !== "too_big") return undefined;
  const small = issue.code === "too_small";
  const limit = small ? issue.minimum : issue.maximum;
  const word = issue.inclusive === false ? (small ? "more than" : "less than") : small ? "at least" : "at most";
  switch (issue.origin) {
    case "string":
      return `must have ${word} ${limit} ${limit === 1 ? "character" : "characters"}`;
    case "array":
    case "set":
    case "map":
    case "object":
      return `must have ${word} ${limit} ${limit === 1 ? "entry" : "entries"}`;
    default:
      return `must be ${word} ${limit}`;
  }
}

/** Of the alternatives, the one that got furthest is the one that was meant. */
function reportUnion(body: Body, issue: core.$ZodIssueInvalidUnion, path: readonly PropertyKey[], report: Report): void {
  const deep = issue.errors.filter(
    (issues) => issues.length > 0 && issues.every((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"),
  );
  const [best] = deep.sort((a, b) => a.length - b.length);
  if (best !== undefined) {
    for (const inner of best) reportIssue(body, inner, [...path, ...inner.path], report);
    return;
  }
  const found = nodeAt(body.node, body.keySite, path);
  if (isAbsent(found)) return reportMissing(body, path, found, report);
  const discriminators = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  if (discriminators.length > 0) {
    const choice = {
      code: "invalid_value" as const,
      values: discriminators as string[],
      path: [...path],
      message: issue.message,
      input: undefined,
    };
    return reportValue(body, choice, path, found, report);
  }
  // An alternative whose type fits is closer than one whose type does not.
  const close = issue.errors.find((issues) => issues.length > 0 && issues.every((inner) => inner.code !== "invalid_type"));
  const [first] = close ?? [];
  return first === undefined ? reportType(body, path, found, report) : reportIssue(body, first, path, report);
}
