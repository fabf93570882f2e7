import { setTimeout as sleep } from "node:timers/promises";

/** Polls until `probe` gives something, for what another process does. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  for (const end = Date.now() + withinMs; Date.now() < end;) {
    const result = await probe();
    if (result !== undefined && result !== false) return result;
    await sleep(25);
  }
  throw new Error(`${what}: not within ${withinMs} ms`);
}
