import { escapeControls } from "@tidemark/core";
import type { AnyValue, KeyValue } from "@tidemark/otlp";

/** Collects lines. */
export type Lines = string[];

/** Text as one line: what senders wrote into it cannot pass for a line of its own. Tabs stay. */
export function oneLine(text: string): string {
  return escapeControls(text.replaceAll("\n", "\\n"), "\t");
}

/** The lines as one text. */
export function joinLines(lines: Lines): string {
  return lines.map(oneLine).join("\n");
}

/** Go's `%f`. */
export function fixed(value: number | undefined): string {
  return (value ?? 0).toFixed(6);
}

/** A time as Go prints it: `2020-02-11 20:26:12.000000321 +0000 UTC`, without trailing zeros in the fraction. */
export function timestamp(unixNano: bigint | undefined): string {
  const nanos = unixNano ?? 0n;
  const seconds = nanos / 1_000_000_000n;
  const fraction = (nanos % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `${nanos} ns`;
  return `${date.toISOString().slice(0, 19).replace("T", " ")}${fraction === "" ? "" : `.${fraction}`} +0000 UTC`;
}

/** The name that the Collector gives to the type of a value. */
function typeName(value: AnyValue | undefined): string {
  if (value?.stringValue !== undefined) return "Str";
  if (value?.boolValue !== undefined) return "Bool";
  if (value?.intValue !== undefined) return "Int";
  if (value?.doubleValue !== undefined) return "Double";
  if (value?.arrayValue !== undefined) return "Slice";
  if (value?.kvlistValue !== undefined) return "Map";
  return value?.bytesValue === undefined ? "Empty" : "Bytes";
}

/** A value as text: strings as they are, maps and slices as JSON, bytes as base64. */
export function valueText(value: AnyValue | undefined): string {
  if (value === undefined) return "";
  if (value.arrayValue !== undefined || value.kvlistValue !== undefined) return JSON.stringify(plain(value));
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString("base64");
  return String(value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue ?? "");
}

function plain(value: AnyValue | undefined): unknown {
  if (value === undefined) return null;
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain);
  if (value.kvlistValue !== undefined) {
    return Object.fromEntries((value.kvlistValue.values ?? []).map(({ key = "", value: inner }) => [key, plain(inner)]));
  }
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString("base64");
  if (value.intValue !== undefined)
    return Number.isSafeInteger(Number(value.intValue)) ? Number(value.intValue) : value.intValue.toString();
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? null;
}

/** `Str(text)`. */
export function typedValue(value: AnyValue | undefined): string {
  return `${typeName(value)}(${valueText(value)})`;
}

/** A block of attributes below `header`; nothing when there are none. A header that is itself an arrow indents the block. */
export function pushAttributes(lines: Lines, header: string, attributes: readonly KeyValue[] | undefined): void {
  if (attributes === undefined || attributes.length === 0) return;
  lines.push(`${header}:`);
  const arrow = header.indexOf("->");
  const indent = arrow < 0 ? "" : header.slice(0, arrow);
  for (const { key = "", value } of attributes) lines.push(`${indent}     -> ${key}: ${typedValue(value)}`);
}

/** `key=value` for every attribute. */
export function attributePairs(attributes: readonly KeyValue[] | undefined): string[] {
  return (attributes ?? []).map(({ key = "", value }) => `${key}=${valueText(value)}`);
}
