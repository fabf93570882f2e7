import { z } from "zod";

/** `service::alerts`, not in the Collector. */
export const alertsSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({
        description:
          "Off: detectors go on working, and what they raise is dropped before every alerts pipeline, with the reason switched_off. Becomes active with a reload.",
        examples: [false],
      }),
  })
  .prefault({});

/** The checked section. */
export type AlertsConfig = z.infer<typeof alertsSchema>;
