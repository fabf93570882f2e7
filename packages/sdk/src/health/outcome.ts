import { jsonSafe } from "./json-safe.ts";

/** What `run` of a check may return. Returning nothing means that all is well. */
export interface CheckResult {
  /** `false`: the check has failed. Default `true`. */
  readonly healthy?: boolean;
  /** Why, for programs, such as `pool_exhausted`; default `check_failed`. Read only when the check has failed. */
  readonly reasonCode?: string;
  /** Why, for people. Read only when the check has failed. */
  readonly reason?: string;
  /** What the report shows under `details`, such as `{ redis_latency_ms: 42.7 }`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What one run of a check came to. */
export interface Outcome {
  /** Absent after a success. */
  readonly failure?: { readonly code: string; readonly reason: string };
  /** Safe to write as JSON. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Of a sampled check. */
  readonly value?: number;
}

/** All is well, and there is nothing more to say. */
export const SUCCESS: Outcome = { details: {} };

const MAX_REASON_LENGTH = 256;
const RESULT_TYPES: Readonly<Record<keyof CheckResult, string>> = {
  healthy: "boolean",
  reasonCode: "string",
  reason: "string",
  details: "object",
};

/** A failure, with its reason cut to a length that reports can bear. */
export function failure(code: string, reason: string): Outcome {
  return { failure: { code, reason: reason.slice(0, MAX_REASON_LENGTH) }, details: {} };
}

/** What a check has thrown. */
export function thrown(caught: unknown): Outcome {
  return failure("check_failed", messageOf(caught));
}

/** What `run` has returned. Anything but a `CheckResult` is a failure: a mistake must not look like health. */
export function returned(result: unknown): Outcome {
  if (result === undefined) return SUCCESS;
  const mistake = mistakeIn(result);
  if (mistake !== undefined)
    return failure("invalid_result", `the check returned ${mistake}; return nothing, or { healthy, reasonCode, reason, details }`);
  const { healthy = true, reasonCode = "check_failed", reason = "the check says that it has failed", details = {} } = result as CheckResult;
  const shown = jsonSafe(details);
  return healthy ? { details: shown } : { ...failure(reasonCode, reason), details: shown };
}

function mistakeIn(result: unknown): string | undefined {
  if (kindOf(result) !== "object") return `${kindOf(result)} instead of an object`;
  for (const [key, value] of Object.entries(result as object)) {
    const type = Object.hasOwn(RESULT_TYPES, key) ? RESULT_TYPES[key as keyof CheckResult] : undefined;
    if (type === undefined) return `the unknown field "${key}"`;
    if (value !== undefined && kindOf(value) !== type) return `${kindOf(value)} as ${key} instead of ${type}`;
  }
  return undefined;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Messages of `fetch` and of connections to several addresses say nothing without what is inside; `seen` has been told, and may be inside of itself. */
function messageOf(caught: unknown, seen: Set<unknown> = new Set()): string {
  try {
    if (!(caught instanceof Error)) return String(caught);
    if (seen.has(caught)) return "";
    seen.add(caught);
    const inner =
      caught instanceof AggregateError ? (caught.errors as readonly unknown[]) : caught.cause === undefined ? [] : [caught.cause];
    return [caught.message, ...inner.map((each) => messageOf(each, seen))].filter((part) => part !== "").join(": ") || caught.name;
  } catch {
    return "what was thrown has no text";
  }
}
