import { z } from "zod";
import { batchField } from "./batch-field.ts";
import { durationField } from "./duration.ts";

/** The Collector's message for numbers that must not be zero; `minimum` tells editors the same. */
function positive(name: string, standard: number): z.ZodInt {
  return z.int().refine((value) => value > 0, { error: `\`${name}\` must be positive; write for example ${name}: ${standard}` });
}

const degradeField = z
  .strictObject({
    p99: durationField()
      .prefault("2s")
      .meta({ description: "Sends are slow when the slowest hundredth of them takes longer.", examples: ["2s"] }),
    window: durationField()
      .prefault("30s")
      .meta({ description: "The time over which sends are looked at.", examples: ["30s"] }),
    batch: z
      .int()
      .min(1)
      .default(200)
      .meta({ description: "Items in a request meanwhile: smaller batches are joined, larger ones split.", examples: [200] }),
    compression: z
      .enum(["gzip", "zstd"])
      .default("gzip")
      .meta({ description: "How requests are compressed meanwhile.", examples: ["zstd"] }),
  })
  .meta({
    description: "What to do while sends are slow. It ends when the slowest hundredth takes less than half of `p99`. Absent: nothing.",
    examples: [{ p99: "2s", compression: "gzip", batch: 200 }],
  });

const catchUpField = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Off: always one request for each batch.", examples: [false] }),
    max_bytes: z
      .int()
      .min(1)
      .default(64 * 1024)
      .meta({ description: "Size in bytes at which a request goes.", examples: [1048576] }),
  })
  .meta({
    description:
      "How a queue with `storage` empties faster when it is behind: batches that wait go together. A joined request that the far side refuses for good is taken apart again, and each batch stands for itself. With `batch`, that applies instead. Not in the Collector.",
    examples: [{ enabled: false }],
  });

const adaptiveField = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Off: always up to `num_consumers`.", examples: [false] }),
  })
  .prefault({})
  .meta({
    description:
      "Sends fewer batches at the same time, down to one, while the far side throttles or slows down under them, and more again when it recovers.",
    examples: [{ enabled: false }],
  });

const fields = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: "Off: the client is answered only when the far side has answered.", examples: [false] }),
  num_consumers: positive("num_consumers", 10)
    .default(10)
    .meta({ description: "Batches that are sent at the same time.", examples: [4], minimum: 1 }),
  queue_size: positive("queue_size", 1000)
    .default(1000)
    .meta({ description: "Capacity, counted in `sizer` units.", examples: [64], minimum: 1 }),
  sizer: z
    .enum(["requests", "items", "bytes"])
    .default("requests")
    .meta({ description: "What `queue_size` counts.", examples: ["bytes"] }),
  max_bytes: z
    .int()
    .min(1)
    .default(64 * 1024 * 1024)
    .meta({
      description:
        "Most memory in bytes that queued batches may keep, whatever `sizer` counts. With `storage`, what is beyond it waits on the disk only. Not in the Collector.",
      examples: [268435456],
    }),
  block_on_overflow: z
    .boolean()
    .default(false)
    .meta({ description: "When full: wait for room (true) or refuse (false).", examples: [true] }),
  wait_for_result: z
    .boolean()
    .default(false)
    .meta({ description: "Answer the client only after the batch was delivered.", examples: [true] }),
  storage: z
    .string()
    .optional()
    .meta({
      description:
        "Id of the extension that keeps the queue on disk. The client is answered when its batch is on the disk, and a restart loses nothing.",
      examples: ["file_storage"],
      extension: "storage",
    }),
  dead_letters: z
    .strictObject({
      storage: z.string().meta({
        description: "Id of the extension that keeps them.",
        examples: ["file_storage"],
        extension: "storage",
      }),
    })
    .optional()
    .meta({
      description:
        "Where batches go that cannot be delivered, for queues in memory. With `storage` they go there anyway. Not in the Collector.",
      examples: [{ storage: "file_storage" }],
    }),
  batch: batchField.optional(),
  degrade: degradeField.optional(),
  adaptive_concurrency: adaptiveField,
  catch_up: catchUpField.optional(),
});

/**
 * `sending_queue`, with the Collector's names, defaults and messages, and our own fields beside them. Without `storage` it lives
 * in memory: a batch in it counts as accepted.
 */
export const queueField = checked(fields);

/** The same for exporters to which it is all the same how batches come in requests: these are joined when the queue is behind. */
export const joiningQueueField = checked(fields.extend({ catch_up: catchUpField.prefault({}) }));

/** What spans several fields, and the words of the Collector about it. */
function checked<S extends z.ZodType<QueueConfig>>(schema: S): z.ZodPrefault<S> {
  return schema
    .superRefine((config, context) => {
      const issue = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
      const { storage, batch, queue_size: capacity } = config;
      if (!config.enabled) return;
      if (storage !== undefined && config.wait_for_result)
        issue(
          ["wait_for_result"],
          "`wait_for_result` is not supported with a persistent queue configured with `storage`; take wait_for_result out: the client is answered when its batch is on the disk",
        );
      if (storage !== undefined && config.dead_letters !== undefined)
        issue(["dead_letters"], "a queue with `storage` keeps its dead letters there; take dead_letters out");
      if (batch !== undefined && batch.sizer === config.sizer && batch.min_size > capacity)
        issue(
          ["batch", "min_size"],
          `\`min_size\` must be less than or equal to \`queue_size\`; write a min_size of at most ${capacity}, or a larger queue_size`,
        );
    })
    .prefault({} as z.input<S>)
    .meta({ description: "The queue in front of the exporter.", examples: [{ queue_size: 64, block_on_overflow: true }] });
}

/** Parsed value of `queueField`; times in milliseconds. */
export type QueueConfig = z.output<typeof fields>;
/** Parsed value of `degrade`. */
export type DegradeConfig = NonNullable<QueueConfig["degrade"]>;
