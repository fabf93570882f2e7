import { messageOf } from "../contract/message-of.ts";
import type { Running } from "./running.ts";

/**
 * Starts a component.
 * @throws Error that names it, with what it threw as the cause.
 */
export async function startOne(running: Running): Promise<void> {
  try {
    await running.component.start?.();
  } catch (caught) {
    const [kind] = running.key.split("/");
    throw new Error(`failed to start "${running.id}" ${kind ?? ""}: ${messageOf(caught)}`, {
      cause: caught,
    });
  }
}
