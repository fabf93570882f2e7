import { messageOf } from "../contract/message-of.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { Running } from "./running.ts";

/** Components that were never started are stopped too: `create` may already hold something. */
export async function stopOne(running: Running, deadline: AbortSignal, environment: GraphEnvironment): Promise<void> {
  try {
    await running.component.shutdown?.(deadline);
  } catch (caught) {
    complain(running, environment, caught);
  }
}

/** Tells a component that the end is near. */
export function hurryOne(running: Running, environment: GraphEnvironment): void {
  try {
    running.component.hurry?.();
  } catch (caught) {
    complain(running, environment, caught);
  }
}

function complain({ key }: Running, environment: GraphEnvironment, caught: unknown): void {
  environment.logger(key).error("The component did not shut down cleanly.", { error: messageOf(caught) });
}
