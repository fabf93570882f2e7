import { durationField } from "@tidemark/core";
import { z } from "zod";

const rotation = z
  .strictObject({
    max_megabytes: z
      .int()
      .min(1)
      .default(100)
      .meta({ description: "Size at which the file is put aside, in MiB.", examples: [10] }),
    max_days: z
      .int()
      .min(0)
      .default(0)
      .meta({ description: "Days to keep old files; 0 keeps them whatever their age.", examples: [3] }),
    max_backups: z
      .int()
      .min(0)
      .default(100)
      .meta({ description: "Old files to keep; 0 keeps all.", examples: [10] }),
    localtime: z
      .boolean()
      .default(false)
      .meta({ description: "Whether the names of old files carry local time. If not: UTC.", examples: [true] }),
  })
  .meta({
    description: "Puts the file aside when it is full and begins a new one. Without it the file grows for ever.",
    examples: [{ max_megabytes: 10, max_backups: 5 }],
  });

const fields = z.strictObject({
  path: z
    .string()
    .min(1, "path must be non-empty")
    .meta({ description: "File to write.", examples: ["./telemetry.jsonl"] }),
  format: z
    .enum(["json", "proto"])
    .default("json")
    .meta({
      description: "`json`: one OTLP/JSON document per line; `proto`: OTLP protobuf messages, each after its length in 4 big-endian bytes.",
      examples: ["proto"],
    }),
  append: z
    .boolean()
    .default(false)
    .meta({ description: "Whether to add to an existing file. If not, it is emptied when the first batch comes.", examples: [true] }),
  rotation: rotation.optional(),
  compression: z
    .enum(["none", "gzip", "zstd"])
    .default("none")
    .meta({
      description:
        "Compresses each message by itself; every message is then written after its length in 4 big-endian bytes, in both formats.",
      examples: ["zstd"],
    }),
  fsync: z
    .boolean()
    .default(false)
    .meta({
      description: "Whether a batch counts as delivered only after it is safe on the disk. Costs throughput, survives a power cut.",
      examples: [true],
    }),
  flush_interval: durationField()
    .prefault("1s")
    .meta({
      description: "With `fsync: false`: how often written data is forced to the disk. 0s leaves it to the operating system.",
      examples: ["5s"],
    }),
});

/** Parsed configuration; times in milliseconds. */
export type FileConfig = z.output<typeof fields>;
/** Parsed `rotation`. */
export type RotationConfig = z.output<typeof rotation>;

/** Options of the file exporter, with the names and defaults of the Collector, and `fsync`. */
export const fileConfig: typeof fields = fields;
