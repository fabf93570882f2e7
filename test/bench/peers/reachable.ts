import { setTimeout as sleep } from "node:timers/promises";

const START_DEADLINE_MS = 20_000;

/** Tries until it works. */
export async function reachable(what: string, probe: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + START_DEADLINE_MS; ; await sleep(50)) {
    try {
      await probe();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} did not start within ${START_DEADLINE_MS / 1000} s`, { cause: error });
    }
  }
}
