import type { z } from "zod";
import { durationField } from "./duration.ts";

export { joiningQueueField, queueField, type DegradeConfig, type QueueConfig } from "./queue-field.ts";
export { retryField, type CircuitBreakerConfig, type RetryConfig } from "./retry-field.ts";

/** `timeout` of one attempt. */
export function timeoutField(standard: string): z.ZodPrefault<ReturnType<typeof durationField>> {
  return durationField()
    .prefault(standard)
    .meta({ description: "How long one attempt may take; 0s waits for ever.", examples: [standard] });
}
