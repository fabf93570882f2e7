import { z } from "zod";
import { goRegExpFault } from "./go-regexp.ts";

/** Text of a regular expression in Go's syntax. */
export const patternField: z.ZodString = z.string().superRefine((text, context) => {
  const fault = goRegExpFault(text);
  if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
});
