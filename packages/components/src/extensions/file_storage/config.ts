import { durationField, noEffectField } from "@tidemark/core";
import { z } from "zod";

const MIB = 1024 * 1024;
const FILES_GO_WHOLE =
  "files of records are deleted as soon as all in them is delivered, and the database returns its free pages by itself.";

const fields = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default("/var/lib/otelcol/file_storage")
    .meta({ description: "Where everything is kept. No other process may use it.", examples: ["/var/lib/tidemark"] }),
  create_directory: z
    .boolean()
    .default(false)
    .meta({ description: "Make the directory when it is not there; else that is an error.", examples: [true] }),
  directory_permissions: z
    .string()
    .regex(/^0?[0-7]{3}$/, "write three octal digits, such as 0750")
    .default("0750")
    .meta({ description: "Mode of directories that are made, in octal digits.", examples: ["0700"] }),
  timeout: durationField()
    .prefault("1s")
    .meta({ description: "How long to wait for the lock on the directory.", examples: ["5s"] }),
  fsync: z
    .boolean()
    .default(true)
    .meta({
      description:
        "Answer only when the disk has the data. Off: data that was acknowledged may be lost when the machine stops, not when the process does. The Collector's default is false.",
      examples: [false],
    }),
  recreate: z
    .boolean()
    .default(false)
    .meta({
      description: "Put a damaged database aside as state.db.backup, take over what can be read of it, and go on; else it stops the start.",
      examples: [true],
    }),
  max_bytes: z
    .int()
    .min(1)
    .default(1024 * MIB)
    .meta({
      description:
        "Most bytes of records in queues and dead letters together. At the limit senders are refused until there is room. Not in the Collector.",
      examples: [10_737_418_240],
    }),
  min_free_bytes: z
    .int()
    .min(0)
    .default(64 * MIB)
    .meta({
      description: "Free space that the disk must keep; with less, senders are refused. Not in the Collector.",
      examples: [1_073_741_824],
    }),
  compaction: z
    .strictObject({
      on_start: noEffectField(z.boolean(), FILES_GO_WHOLE, true),
      on_rebound: noEffectField(z.boolean(), FILES_GO_WHOLE, true),
      directory: noEffectField(z.string(), FILES_GO_WHOLE, "/tmp/otelcol"),
      max_transaction_size: noEffectField(z.int(), FILES_GO_WHOLE, 65_536),
      check_interval: noEffectField(durationField(), FILES_GO_WHOLE, "5s"),
      rebound_needed_threshold_mib: noEffectField(z.int(), FILES_GO_WHOLE, 100),
      rebound_trigger_threshold_mib: noEffectField(z.int(), FILES_GO_WHOLE, 10),
      cleanup_on_start: noEffectField(z.boolean(), FILES_GO_WHOLE, true),
    })
    .optional()
    .meta({ description: "Accepted for the Collector's sake: nothing here has to be compacted.", examples: [{ on_start: true }] }),
});

/** Options of the storage, with the Collector's names; its defaults but for `fsync`. */
export const fileStorageConfig: typeof fields = fields;

/** Parsed configuration. */
export type FileStorageConfig = z.output<typeof fields>;
