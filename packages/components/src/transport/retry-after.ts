/**
 * Reads `Retry-After` (RFC 9110 10.2.3: seconds or a date) as milliseconds to wait; undefined when absent or unreadable. A date is
 * compared with the answer's own `Date`, because the clocks of two machines differ; with `now` when it has none.
 */
export function parseRetryAfter(
  { retryAfter, date }: { readonly retryAfter: string | undefined; readonly date: string | undefined },
  now: number,
): number | undefined {
  if (retryAfter === undefined) return undefined;
  const text = retryAfter.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const until = parseDate(text);
  return until === undefined ? undefined : Math.max(0, until - (parseDate(date ?? "") ?? now));
}

function parseDate(text: string): number | undefined {
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
}

/** Whole seconds, never less than asked for and at least one. */
export function formatRetryAfter(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}
