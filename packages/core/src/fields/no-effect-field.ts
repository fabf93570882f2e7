import type { z } from "zod";

/**
 * A field that the Collector has and that has nothing to act on here. It is accepted, so that the Collector's files load as they
 * are; whoever writes it is warned. `why` is a sentence that ends the description. No component reads the value.
 */
export function noEffectField<T extends z.ZodType>(shape: T, why: string, example: z.input<T>): z.ZodOptional<T> {
  return shape.optional().meta({
    description: `Accepted for the Collector's sake and changes nothing here: ${why}`,
    examples: [example],
    noEffect: true,
  });
}
