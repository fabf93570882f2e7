import { durationField } from "@tidemark/core";
import { z } from "zod";
import type { MetricInfo } from "./metric-writer.ts";

type DurationField = z.ZodPrefault<ReturnType<typeof durationField>>;

/** `collection_interval` of a receiver that looks at something again and again: scraperhelper.ControllerConfig. */
export function collectionIntervalField(standard: string): DurationField {
  return durationField()
    .refine((ms) => ms > 0, `must be more than 0; write for example ${standard}`)
    .prefault(standard)
    .meta({ description: "Time between the beginnings of two rounds.", examples: ["30s"] });
}

/** `initial_delay` of such a receiver. */
export const initialDelayField: DurationField = durationField()
  .prefault("1s")
  .meta({ description: "How long after its start the first round begins.", examples: ["0s"] });

type Switch = z.ZodPrefault<z.ZodObject<{ enabled: z.ZodDefault<z.ZodBoolean> }, z.core.$strict>>;

/** `metrics::<name>` of such a receiver: whether it gives this metric. */
export function metricSwitch({ unit, description }: MetricInfo, standard: boolean): Switch {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(standard)
        .meta({ description: "Whether it is given.", examples: [!standard] }),
    })
    .prefault({})
    .meta({ description: `${description}${unit === "1" ? "" : ` Unit: \`${unit}\`.`}`, examples: [{ enabled: !standard }] });
}
