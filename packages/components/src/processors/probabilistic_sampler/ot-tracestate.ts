import { formatThreshold, parseRandomness, parseThreshold, type Bits56 } from "./threshold.ts";

/** Longest `ot` value that may be written (tracestate-handling.md). */
const MAX_OT_LENGTH = 256;
/** W3C trace context: most list members. */
const MAX_MEMBERS = 32;
/** Far beyond the 512 characters that must be carried; longer text is not taken apart. */
const MAX_TRACE_STATE_LENGTH = 16 << 10;
/** `key ":" value *( ";" key ":" value )`, tracestate-handling.md. */
const OT_SYNTAX = /^[a-z][a-z0-9]*:[a-zA-Z0-9._-]*(?:;[a-z][a-z0-9]*:[a-zA-Z0-9._-]*)*$/;

/** Why a tracestate could not be used. */
export type TraceStateProblem = "syntax" | "size" | "threshold" | "randomness";

/** The sampling fields of an `ot` value, as text and as numbers, and everything else in it. */
export interface OtValue {
  /** Explicit randomness as it arrived, 14 hex digits; "" if absent. */
  readonly rv: string;
  readonly randomness: Bits56 | undefined;
  /** Rejection threshold as it arrived; "" if absent. */
  readonly th: string;
  readonly threshold: Bits56 | undefined;
  /** Sub-keys that Tidemark does not know, `key:value`, in their order. */
  readonly extra: readonly string[];
}

/** A W3C tracestate cut into its `ot` member and the members of other vendors. */
export interface TraceState {
  readonly ot: OtValue;
  readonly others: readonly string[];
}

/** An `ot` member without content. */
export const EMPTY_OT: OtValue = { rv: "", randomness: undefined, th: "", threshold: undefined, extra: [] };
/** What an absent tracestate reads as. */
export const EMPTY_TRACE_STATE: TraceState = { ot: EMPTY_OT, others: [] };

/** Reads the value of the `ot` member. */
export function parseOtValue(value: string): OtValue | TraceStateProblem {
  if (value.length > MAX_OT_LENGTH) return "size";
  if (!OT_SYNTAX.test(value)) return "syntax";
  let rv = "";
  let th = "";
  let randomness: Bits56 | undefined;
  let threshold: Bits56 | undefined;
  const extra: string[] = [];
  for (const member of value.split(";")) {
    const text = member.slice(member.indexOf(":") + 1);
    if (member.startsWith("rv:")) {
      randomness = parseRandomness(text);
      if (randomness === undefined) return "randomness";
      rv = text;
    } else if (member.startsWith("th:")) {
      threshold = parseThreshold(text);
      // Something that is not hexadecimal at all is a syntax error; too many digits are the threshold's own.
      if (threshold === undefined) return /^[0-9a-fA-F]+$/.test(text) ? "threshold" : "syntax";
      th = text;
    } else extra.push(member);
  }
  return { rv, randomness, th, threshold, extra };
}

/** Writes an `ot` value: `rv`, `th`, then the rest. `undefined` when it would be too long. */
export function formatOtValue(ot: OtValue): string | undefined {
  const members: string[] = [];
  if (ot.rv !== "") members.push(`rv:${ot.rv}`);
  if (ot.th !== "") members.push(`th:${ot.th}`);
  const value = [...members, ...ot.extra].join(";");
  return value.length > MAX_OT_LENGTH ? undefined : value;
}

/** Reads a whole tracestate. Members of other vendors are kept as text and not judged. */
export function parseTraceState(text: string): TraceState | TraceStateProblem {
  if (text === "") return EMPTY_TRACE_STATE;
  if (text.length > MAX_TRACE_STATE_LENGTH) return "size";
  const others: string[] = [];
  let ot: OtValue = EMPTY_OT;
  for (const raw of text.split(",")) {
    const member = raw.trim();
    if (member === "") continue;
    if (!member.includes("=")) return "syntax";
    if (!member.startsWith("ot=")) {
      others.push(member);
      continue;
    }
    const parsed = parseOtValue(member.slice(3));
    if (typeof parsed === "string") return parsed;
    ot = parsed;
  }
  return { ot, others };
}

/** Writes a tracestate. The member that was changed comes first (W3C), and one that no longer fits the list falls off its end. */
export function formatTraceState(state: TraceState): string | undefined {
  const value = formatOtValue(state.ot);
  if (value === undefined) return undefined;
  const members = value === "" ? state.others : [`ot=${value}`, ...state.others];
  return members.slice(0, MAX_MEMBERS).join(",");
}

/** The same value with another threshold; `undefined` removes it. */
export function withThreshold(ot: OtValue, threshold: Bits56 | undefined): OtValue {
  return { ...ot, th: threshold === undefined ? "" : formatThreshold(threshold), threshold };
}
