import { z } from "zod";
import { durationField } from "./duration.ts";

/** `retry_on_failure`, with the Collector's names and defaults (exporterhelper). */
export const retryField = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Whether refused batches are sent again.", examples: [true] }),
    initial_interval: durationField()
      .prefault("5s")
      .meta({ description: "Wait before the first retry.", examples: ["1s"] }),
    randomization_factor: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .meta({ description: "Jitter: each wait is multiplied by 1 ± this.", examples: [0.5] }),
    multiplier: z
      .number()
      .min(1)
      .default(1.5)
      .meta({ description: "Growth of the wait from try to try.", examples: [1.5] }),
    max_interval: durationField()
      .prefault("30s")
      .meta({ description: "Longest wait between two tries.", examples: ["30s"] }),
    max_elapsed_time: durationField()
      .prefault("5m")
      .meta({ description: "When to give up; 0s never gives up.", examples: ["0s"] }),
  })
  .prefault({})
  .meta({ description: "What to do when the far side cannot take a batch now.", examples: [{ initial_interval: "1s" }] });

/** `sending_queue`, with the Collector's names and defaults. It lives in memory: a batch in it counts as accepted. */
export const queueField = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Off: the client is answered only when the far side has answered.", examples: [false] }),
    num_consumers: z
      .int()
      .min(1)
      .default(10)
      .meta({ description: "Batches that are sent at the same time.", examples: [4] }),
    queue_size: z
      .int()
      .min(1)
      .default(1000)
      .meta({ description: "Capacity, counted in `sizer` units.", examples: [64] }),
    sizer: z
      .enum(["requests", "items", "bytes"])
      .default("requests")
      .meta({ description: "What `queue_size` counts.", examples: ["bytes"] }),
    max_bytes: z
      .int()
      .min(1)
      .default(256 * 1024 * 1024)
      .meta({
        description: "Most memory in bytes that queued batches may keep, whatever `sizer` counts. Not in the Collector.",
        examples: [67108864],
      }),
    block_on_overflow: z
      .boolean()
      .default(false)
      .meta({ description: "When full: wait for room (true) or refuse (false).", examples: [true] }),
    wait_for_result: z
      .boolean()
      .default(false)
      .meta({ description: "Answer the client only after the batch was delivered.", examples: [true] }),
  })
  .prefault({})
  .meta({
    description: "The queue in front of the exporter.",
    examples: [{ queue_size: 64, block_on_overflow: true }],
    notHere: {
      batch: "take it out, and put the batch processor into the pipeline: queues do not join batches yet",
      storage: "take it out: queues on disk are not there yet, this one lives in memory",
    },
  });

/** Parsed value of `retryField`; times in milliseconds. */
export type RetryConfig = z.output<typeof retryField>;
/** Parsed value of `queueField`. */
export type QueueConfig = z.output<typeof queueField>;

/** `timeout` of one attempt. */
export function timeoutField(standard: string): z.ZodPrefault<ReturnType<typeof durationField>> {
  return durationField()
    .prefault(standard)
    .meta({ description: "How long one attempt may take; 0s waits for ever.", examples: [standard] });
}
