import type { InstrumentationScope, Resource } from "../object/types.ts";
import type { AttributesInput } from "./any-value.ts";
import { keyValues } from "./any-value.ts";

/** What all builders take: who sent the items. */
export interface SenderInput {
  /** resource attributes; default `{ "service.name": "test" }` */
  readonly resource?: AttributesInput;
  /** instrumentation scope name; default "test" */
  readonly scope?: string;
}

/** 2026-01-01T00:00:00Z; the builders' default time. Item `i` is `i` milliseconds later. */
export const DEFAULT_TIME: bigint = 1_767_225_600_000_000_000n;

/** Default start of item `index`, nanoseconds. */
export function timeOf(index: number): bigint {
  return DEFAULT_TIME + BigInt(index) * 1_000_000n;
}

/** Trace id of item `index`: the index + 1 in hexadecimal. */
export function traceIdOf(index: number): string {
  return (index + 1).toString(16).padStart(32, "0");
}

/** Span id of item `index`: the index + 1 in hexadecimal. */
export function spanIdOf(index: number): string {
  return (index + 1).toString(16).padStart(16, "0");
}

export function resourceOf(input: SenderInput): Resource {
  return { attributes: keyValues(input.resource ?? { "service.name": "test" }) };
}

export function scopeOf(input: SenderInput): InstrumentationScope {
  return { name: input.scope ?? "test" };
}
