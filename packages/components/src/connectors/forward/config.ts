import { z } from "zod";

/** The forward connector has no options. */
export const forwardConfig: z.ZodObject<Record<never, never>, z.core.$strict> = z.strictObject({});
