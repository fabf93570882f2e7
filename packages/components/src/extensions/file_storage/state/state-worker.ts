import { parentPort, workerData } from "node:worker_threads";
import { openState } from "./open-state.ts";
import type { StateOptions } from "./state-calls.ts";
import { describeError, type Answer, type Call } from "./worker-messages.ts";

// The thread of one storage directory: SQLite waits for the disk here, and not in front of the pipelines.
const port = parentPort;
if (port !== null) {
  const answer = (message: Answer): void => port.postMessage(message);
  try {
    const { calls, opened } = openState(workerData as StateOptions);
    answer({ call: 0, result: opened });
    port.on("message", ({ call, name, args }: Call) => {
      try {
        // Names and arguments come from StateClient, which has the same types.
        const method = calls[name] as (...given: readonly unknown[]) => unknown;
        answer({ call, result: method(...args) });
      } catch (error) {
        answer({ call, error: describeError(error) });
      }
      if (name === "close") port.close();
    });
  } catch (error) {
    answer({ call: 0, error: describeError(error) });
  }
}
