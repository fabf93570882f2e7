import type { ProviderIo } from "./provider.ts";

/**
 * Runs one exchange with a server and ends it after `timeoutMs`.
 * @throws Error in words instead of `fetch failed`.
 */
export async function fetchWithin<T>(
  { clock }: ProviderIo,
  timeoutMs: number,
  what: string,
  exchange: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = clock.setTimeout(() => late.abort(), timeoutMs);
  try {
    return await exchange(late.signal);
  } catch (caught) {
    if (late.signal.aborted) throw new Error(`${what} did not answer within ${timeoutMs} ms`, { cause: caught });
    throw new Error(reasonOf(caught), { cause: caught });
  } finally {
    timer.cancel();
  }
}

/** `fetch` hides why a connection failed behind a general message. */
function reasonOf(caught: unknown): string {
  if (!(caught instanceof Error)) return String(caught);
  return caught.cause instanceof Error && caught.cause.message !== "" ? caught.cause.message : caught.message;
}
