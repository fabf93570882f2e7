import { z } from "zod";

/** Options of the debug exporter, with the Collector's names and defaults. */
export const debugConfig: z.ZodObject<
  {
    verbosity: z.ZodDefault<z.ZodEnum<{ basic: "basic"; normal: "normal"; detailed: "detailed" }>>;
    sampling_initial: z.ZodDefault<z.ZodInt>;
    sampling_thereafter: z.ZodDefault<z.ZodInt>;
    use_internal_logger: z.ZodDefault<z.ZodBoolean>;
    output_paths: z.ZodDefault<z.ZodArray<z.ZodEnum<{ stdout: "stdout"; stderr: "stderr" }>>>;
  },
  z.core.$strict
> = z.strictObject({
  verbosity: z
    .enum(["basic", "normal", "detailed"])
    .default("basic")
    .meta({
      description:
        "`basic`: one line of counts per batch; `normal`: one line per item, alerts in one readable line each; `detailed`: every field.",
      examples: ["detailed"],
    }),
  sampling_initial: z
    .int()
    .min(0)
    .default(2)
    .meta({ description: "Batches of each second that are always shown.", examples: [5] }),
  sampling_thereafter: z
    .int()
    .min(0)
    .default(1)
    .meta({ description: "After those, every n-th batch of the second is shown; 0 shows none. Alerts are always shown.", examples: [500] }),
  use_internal_logger: z
    .boolean()
    .default(true)
    .meta({ description: "Whether to write to the collector's log. If not, to `output_paths`.", examples: [false] }),
  output_paths: z
    .array(z.enum(["stdout", "stderr"]))
    .default(["stdout"])
    .meta({ description: "Where to write with `use_internal_logger: false`.", examples: [["stderr"]] }),
});

/** Parsed configuration. */
export type DebugConfig = z.output<typeof debugConfig>;
