import { messageOf } from "../contract/message-of.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { Running } from "./running.ts";

/** Components that were never started are stopped too: `create` may already hold something. */
export async function stopOne(running: Running, deadline: AbortSignal, environment: GraphEnvironment): Promise<void> {
  try {
    await running.component.shutdown?.(deadline);
  } catch (caught) {
    environment.logger(running.key).error("The component did not shut down cleanly.", { error: messageOf(caught) });
  }
}
