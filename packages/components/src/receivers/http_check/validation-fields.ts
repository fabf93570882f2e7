import { z } from "zod";
import { patternField } from "../../regexp/pattern-field.ts";
import { readJsonPath } from "./json-path.ts";

/** Bodies of this size and less are always read to their end; of longer ones as much as a validation of the size asks for. */
export const READ_BYTES: number = 1 << 20;
const MOST_BYTES = 64 << 20;

const sizeField = (description: string) =>
  z
    .int()
    .min(0)
    .max(MOST_BYTES)
    .optional()
    .meta({ description, examples: [1024] });

const textField = (description: string) =>
  z
    .string()
    .min(1)
    .optional()
    .meta({ description, examples: ["maintenance"] });

const shape = z.strictObject({
  contains: textField("Text that must be in the body."),
  not_contains: textField("Text that must not be in the body."),
  json_path: z
    .string()
    .superRefine((text, context) => {
      const path = readJsonPath(text);
      if (typeof path === "string") context.addIssue({ code: "custom", message: path });
    })
    .optional()
    .meta({
      description: "Value that must be in the body, which is JSON: keys and positions with points between them; `\\.` is a point in a key.",
      examples: ["data.nodes.0.state"],
    }),
  equals: z
    .string()
    .optional()
    .meta({ description: "What the value at `json_path` must be, as text. Absent: any.", examples: ["ok"] }),
  max_size: sizeField("Most bytes that the body may have."),
  min_size: sizeField("Fewest bytes that the body may have."),
  regex: patternField.optional().meta({ description: "Regular expression that must match somewhere in the body.", examples: ["v[0-9]+"] }),
});

/** One item of `validations`: all that it asks for must be so. */
export const validationField: typeof shape = shape.superRefine((validation, context) => {
  const issue = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
  const { json_path: path, equals, max_size: most, min_size: fewest } = validation;
  if (Object.values(validation).every((value) => value === undefined)) issue([], "it asks for nothing; write for example contains: ok");
  if (equals !== undefined && path === undefined) issue(["equals"], "equals is about the value at json_path; add json_path");
  if (most !== undefined && fewest !== undefined && fewest > most)
    issue(["min_size"], "min_size is more than max_size; write a smaller one");
});

/** Checked `validations` item. */
export type ValidationConfig = z.output<typeof shape>;
