import { z } from "zod";

/** The forward connector has no options. */
export const forwardConfig: z.ZodObject<z.core.$ZodLooseShape, z.core.$strict> = z.strictObject({});
