import { z } from "zod";

const UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const PART = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)/y;

/** Reads a Go duration such as `1m30s`, `200ms` or `0`; gives milliseconds, or `undefined` where the text is none. */
export function parseDuration(text: string): number | undefined {
  const body = text.startsWith("-") ? text.slice(1) : text;
  if (body === "0") return 0;
  let total = 0;
  let at = 0;
  while (at < body.length) {
    PART.lastIndex = at;
    const part = PART.exec(body);
    if (part === null) return undefined;
    total += Number(part[1]) * (UNITS_MS[part[2] ?? ""] ?? Number.NaN);
    at = PART.lastIndex;
  }
  if (at === 0) return undefined;
  return text.startsWith("-") ? -total : total;
}

/** Writes milliseconds as the shortest Go duration, for messages and documentation. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ""}${minutes > 0 ? `${minutes}m` : ""}${seconds > 0 ? `${seconds}s` : ""}`;
}

/** A configuration field that holds a Go duration. Its parsed value is in milliseconds and never negative. */
export function durationField(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z
    .string()
    .meta({ format: "duration", examples: ["200ms"] })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= 0) return ms;
      context.issues.push({
        code: "custom",
        message: `"${text}" is not a duration; write a number and a unit, such as 200ms, 5s or 1m30s`,
        input: text,
      });
      return z.NEVER;
    });
}
